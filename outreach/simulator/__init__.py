"""A carrier of our own: it speaks Twilio's and FCM's wire protocols, and its handsets can be held in a browser.

    options     what it accepts, who lives behind its numbers, how bad its weather is
    twilio      Messages API, as `twilio` calls it            fcm      HTTP v1 and OAuth, as `firebase-admin` calls it
    weather     the mishaps of the wire                       accounts a service-account file that points here
    carrier     takes messages, moves them, lets handsets answer
    handsets    the book of phones                            scripts  what becomes of a text at one of them
    journal     what was taken and is still owed, on disk     errands  what is to be done when
    network     from the carrier to the handset and back      desk     what the clinic is told, and when
    letters     the forms its webhooks get                    post     calls to them, signed
    listing     Twilio's pages of messages                    phrases  what people say
    control     JSON for tests and checkers                   page     the handsets in a browser
    messages    one text as the carrier keeps it              app      all of it as one ASGI app

It ships with the product, for demonstrations, training and the rehearsal of a campaign, and every test of delivery
goes through it over real HTTP.
"""
