"""The words of pseudonyms: neutral, easy to say, no two of a list a letter apart, nobody's name or trade."""

_ADJECTIVES = """
acoustic adaptive aerial agile airy alpine ample analog angular annual apparent aquatic arched arctic artful atomic
awake azure balanced basic beaming binary bookish boundless braided breezy brief bright brisk broad bundled bustling
calm candid capable careful carved casual central certain cheerful circular civic classic clear clever coastal
cobalt coiled compact complete concise copper crimson crisp cubic custom daily dancing daring decimal deft detailed
diligent distant dotted double dynamic eager early earthen eastern elastic electric elegant eminent endless equal
evident exact expert famed famous finite floating fluent flying focal folded formal fresh friendly frosty gentle
genuine gifted gilded glassy gleaming global golden graceful grand graphic green handy harmonic helpful hilly honest
humble ideal indigo inland inner intact inventive jaunty jovial kindly lateral lavish leafy linear lively lofty
logical lucid luminous lunar magnetic mellow metric mighty mineral mobile modern modest moonlit mossy musical
natural nautical neat nested neutral nimble northern notable novel numeric oaken oblong oceanic optic optimal
orderly organic outer oval paced painted parallel pastel patterned peaceful pebbly placid polished polite portable
practical precise prime prompt prudent punctual purple quaint quick quiet quilted rapid recent regular resonant
rhythmic ribbed robust rolling round rural rustic scenic seasonal secure settled shaded shining shiny silent silver
simple sincere smart smiling smooth snowy sociable solar solid sonic sparkling special speckled speedy spiral
splendid spotted square starry stately steady stellar striped sturdy subtle sunlit superb swift tactful tangible
teal thorough thrifty tidy timely tranquil trusty tuneful turquoise twilight united upbeat upland upper urban useful
usual valid valued verdant vibrant vintage vivid wakeful watchful wavy western windy wooden woven
"""

_NOUNS = """
abacus acorn airship alcove almanac anchor antler anvil aqueduct arcade archway atlas attic awning badge bagel
balcony balloon bamboo banjo banner barley barrel basket beacon beaker bicycle binder biscuit blanket blossom
blueprint bobbin bonfire bookcase bookmark boulder bracket bridge broom bucket buckle bugle button cabinet cactus
calendar camera candle canoe canvas canyon caravan cargo carpet carriage carton cascade castle catalog cavern cello
chalk channel chapter chariot chestnut chimney chisel circle clarinet clock clover comet compass concert cottage
cotton crayon cupboard curtain cushion cymbal daffodil depot dolphin domino drawer eagle easel echo emblem engine
envelope estuary fabric falcon ferry fiddle finch fjord flask flute fossil fountain fresco gable galaxy gallery
garden garland gazebo geyser glacier glider goblet gondola granite grotto grove guitar hammock harbor hazelnut heron
hillside hinge horizon hourglass iceberg inkwell jacket jetty jigsaw journal kayak kettle keyboard koala ladder
lagoon lantern lattice ledger lemon lilac lumber lynx magnet mallet mandolin mango maple marble meadow meteor mirror
mitten mosaic museum napkin nebula notebook nugget nutmeg oasis oatmeal ocean octagon onyx orbit orchard orchid
osprey otter oxbow paddle palette panel parasol parcel pasture patio pavilion pebble pelican pencil pendulum penguin
petal piano pillow pinecone planet plateau polygon poplar porcelain portrait postcard pottery prairie prism
propeller puffin pulley puzzle quartz quill raccoon radio railway rainbow raincoat ravine recipe ribbon river rocket
rudder sailboat salmon satchel satellite saucer savanna scarf schooner scooter seashell sequoia shoreline shovel
sonnet sparrow spindle spoon spruce squirrel stadium staircase steamer stencil suitcase sunflower sunrise swan
sweater syrup tapestry teacup teapot telegram telescope terrace thimble thistle ticket tiger timber toaster toolbox
toucan tractor trellis triangle trolley trumpet tulip tundra tunnel turbine umbrella uplands valley vault veranda
viaduct vineyard violin voyage wagon walnut waterfall wharf windmill window workshop yacht zebra zephyr zeppelin
"""

ADJECTIVES = tuple(_ADJECTIVES.split())
NOUNS = tuple(_NOUNS.split())
