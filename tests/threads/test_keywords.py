"""Which verb a text is: tables per language, hits and near misses, and laws that hold for all of them.

Most of the verbs besides STOP, START, YES and HELP stand in `spoken`.

A row of a table: the text, and what it is; `""` is no verb (a thread), `"hold"` a case for a person.
"""

from __future__ import annotations

import timeit
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outreach.errors import DefinitionError
from outreach.threads import words
from outreach.threads.keywords import WHO, Verb, languages, understand
from tests.threads.spoken import SPOKEN

ENGLISH = [
    *[(text, "stop") for text in ("STOP", "stop", "Stop.", "STOP!!", "stopp", "sotp", "s t o p", "S.T.O.P", "stoooop")],
    *[
        (text, "stop")
        for text in ("STOPALL", "UNSUBSCRIBE", "CANCEL", "END", "QUIT", "REVOKE", "OPTOUT", "OPT OUT", "opt-out")
    ],
    *[
        (text, "stop")
        for text in ("stop please", "please stop", "Stop, please!", "“STOP”", "stop 🛑", "ok stop", "STOP STOP STOP")
    ],
    ("please stop texting me", "stop"),
    ("Please stop sending me these messages", "stop"),
    ("stop the messages", "stop"),
    ("don't send me any more messages", "stop"),
    ("dont text me", "stop"),
    ("Don’t text me any more", "stop"),
    ("do not contact me again", "stop"),
    ("please don't text me anymore ok", "stop"),
    ("I don't want these messages", "stop"),
    ("i dont want to receive any messages", "stop"),
    ("I no longer wish to receive texts", "stop"),
    ("no more messages please", "stop"),
    ("take me off your list", "stop"),
    ("remove my number from your system", "stop"),
    ("unsubscribe me", "stop"),
    ("how do i unsubscribe", "stop"),
    ("I want to opt out", "stop"),
    ("leave me alone", "stop"),
    ("not interested", "stop"),
    ("wrong number", "wrong"),
    ("go away", "stop"),
    ("Hello, my husband reads my phone, please stop texting me", "stop"),
    ("I am fine now thank you. Please stop sending messages to me", "stop"),
    ("cancel please", "stop"),
    ("I would like to stop receiving these texts", "stop"),
    ("quit texting me", "stop"),
    ("how do I stop these messages?", "stop"),
    ("STOP HELP", "hold"),
    ("I never signed up for this", "hold"),
    ("will I stop getting messages if I move?", ""),
    ("stop, I want to ask something", "hold"),
    ("I moved to another clinic. Stop", "hold"),
    ("enough", "hold"),
    ("that's enough!", "hold"),
    ("I don't want this", "hold"),
    ("i want to stop", "hold"),
    ("no more", "hold"),
    ("who is this?", "hold"),
    ("how did you get my number", "hold"),
    ("too many messages", "hold"),
    ("My husband reads my messages", "hold"),
    ("my boyfriend must stop texting me", "hold"),
    ("don't text me at night", "hold"),
    ("stop TB", "hold"),
    ("stopped", "hold"),
    ("sorry I think you have the wrong number my friend", "wrong"),
    ("I can't stop coughing", ""),
    ("when can I stop taking the pills?", ""),
    ("the bleeding won't stop", ""),
    ("should I end the treatment", ""),
    ("yes I have stopped the medicine", ""),
    ("cancel my appointment please", ""),
    ("stop the pain", ""),
    ("please don't stop texting me", ""),
    ("he won't stop texting me and he is angry", ""),
    ("why did you stop sending me messages", ""),
    ("can I stop the injections", ""),
    ("I did not get any text about my visit", ""),
    ("the bus does not stop near the clinic", ""),
    ("at the end of the month", ""),
    ("My ex does not leave me alone", ""),
    ("I quit smoking", ""),
    ("Thank you, I will be there.", ""),
    ("What if I missed one yesterday?", ""),
    ("start", "start"),
    ("START!", "start"),
    ("unstop", "start"),
    ("resume", "start"),
    ("join", "start"),
    ("start again please", "start"),
    ("send me messages again", "start"),
    ("when do I start the tablets", ""),
    ("yes", "yes"),
    ("Yes please", "yes"),
    ("y", "yes"),
    ("YESSS!!!", "yes"),
    ("I agree", "yes"),
    ("yes but I have a question", ""),
    ("ok", ""),
    ("Ok 👍", ""),
    ("no", ""),
    ("help", "help"),
    ("HELP?", "help"),
    ("info", "info"),
    ("help me I am bleeding", ""),
    ("please help me", ""),
    ("help me", ""),
    ("", ""),
    ("🙂", ""),
    ("???", ""),
]

FRENCH = [
    *[
        (text, "stop")
        for text in ("STOP", "arrêt", "ARRET", "arrêtez", "arretez svp", "Arrêter !", "cessez", "stoppez", "stop merci")
    ],
    *[(text, "stop") for text in ("désabonner", "desabonnement", "me désabonner", "désinscription", "Je me désabonne")],
    ("arrêtez de m'envoyer des messages", "stop"),
    ("Arrêtez de m’écrire s’il vous plaît", "stop"),
    ("arrete de m envoyer des sms", "stop"),
    ("stop aux messages, arrêtez vos messages", "stop"),
    ("ne m'envoyez plus de messages", "stop"),
    ("Ne m'écrivez plus", "stop"),
    ("merci de ne plus m'envoyer de sms", "stop"),
    ("ne me contactez plus jamais", "stop"),
    ("je ne veux plus recevoir vos messages", "stop"),
    ("je veux plus de sms", "stop"),
    ("Bonjour docteur, je ne souhaite plus recevoir de messages, merci", "stop"),
    ("plus de messages", "stop"),
    ("supprimez mon numéro", "stop"),
    ("retirez-moi de votre liste", "stop"),
    ("comment me désabonner ?", "stop"),
    ("laissez-moi tranquille", "stop"),
    ("ça ne m'intéresse pas", "stop"),
    ("mauvais numéro", "wrong"),
    ("vous vous trompez de numéro", "wrong"),
    ("opt out", "stop"),
    ("je veux arrêter de recevoir des messages", "stop"),
    ("je souhaite ne plus recevoir vos sms", "stop"),
    ("merci d'arrêter", "stop"),
    ("ça suffit", "hold"),
    ("assez", "hold"),
    ("je ne veux pas ça", "hold"),
    ("je veux arrêter", "hold"),
    ("annuler", "hold"),
    ("fin", "hold"),
    ("c'est qui ?", "hold"),
    ("Qui êtes-vous ?", "hold"),
    ("trop de messages", "hold"),
    ("mon mari lit mes messages", "hold"),
    ("arrêtez, je veux poser une question", "hold"),
    ("ne m'écrivez plus le soir", "hold"),
    ("je n'arrête pas de tousser", ""),
    ("quand puis-je arrêter les comprimés ?", ""),
    ("le saignement ne s'arrête pas", ""),
    ("dois-je arrêter le traitement", ""),
    ("j'ai arrêté les médicaments hier", ""),
    ("n'arrêtez pas de m'envoyer des messages", ""),
    ("pourquoi avez-vous arrêté de m'envoyer des messages", ""),
    ("je veux annuler mon rendez-vous", ""),
    ("arrêtez la douleur", ""),
    ("l'arrêt de bus est loin", ""),
    ("j'ai de la fièvre depuis deux jours", ""),
    ("Merci, je viendrai.", ""),
    ("J'ai plus de médicaments", ""),
    ("c'est la fin du traitement ?", ""),
    ("je n'ai pas reçu de message", ""),
    ("commencer", "start"),
    ("Recommencer", "start"),
    ("reprendre", "start"),
    ("je veux m'abonner", "start"),
    ("inscrivez-moi", "start"),
    ("start", "start"),
    ("quand commencer le traitement", ""),
    ("oui", "yes"),
    ("OUI !", "yes"),
    ("oui merci", "yes"),
    ("Oui, je suis d’accord", "yes"),
    ("j'accepte", "yes"),
    ("oui mais j'ai une question", ""),
    ("D'accord 👍", ""),
    ("non", ""),
    ("aide", "help"),
    ("Aide ?", "help"),
    ("infos", "info"),
    ("aidez-moi je saigne", ""),
    ("à l'aide", ""),
]

SWAHILI = [
    *[
        (text, "stop")
        for text in ("STOP", "acha", "ACHA!", "acheni", "wacha", "achaaa", "koma", "sitisha", "simamisha", "asha")
    ],
    *[
        (text, "stop")
        for text in ("acha tafadhali", "tafadhali acha", "naomba acha", "acha sasa", "acha tena", "Acha, asante")
    ],
    ("acha kunitumia ujumbe", "stop"),
    ("Acheni kunitumia meseji tafadhali", "stop"),
    ("wacha kunitext", "stop"),
    ("usinitumie tena", "stop"),
    ("msinitumie ujumbe tena", "stop"),
    ("usinitumie message tena tafadhali", "stop"),
    ("sitaki ujumbe wenu", "stop"),
    ("sitaki meseji", "stop"),
    ("mimi sitaki tena kupokea ujumbe", "stop"),
    ("sihitaji sms zenu", "stop"),
    ("Habari, naomba mniondoe kwenye orodha", "stop"),
    ("niondoe", "stop"),
    ("nitoeni kwenye orodha", "stop"),
    ("nataka kujiondoa", "stop"),
    ("kujitoa", "stop"),
    ("futa namba yangu", "stop"),
    ("achana na mimi", "stop"),
    ("umekosea namba", "wrong"),
    ("si mimi huyo", "wrong"),
    ("msinisumbue", "stop"),
    ("stop kunitumia msg", "stop"),
    ("nataka kuacha kupokea ujumbe", "stop"),
    ("sitaki hizi sms", "stop"),
    ("inatosha", "hold"),
    ("basi", "hold"),
    ("sitaki", "hold"),
    ("sitaki hii", "hold"),
    ("niache", "hold"),
    ("nataka kuacha", "hold"),
    ("wewe ni nani?", "hold"),
    ("Nani huyu", "hold"),
    ("umetoa wapi namba yangu", "hold"),
    ("meseji nyingi sana", "hold"),
    ("mume wangu anasoma simu yangu", "hold"),
    ("acha, nataka kuuliza swali", "hold"),
    ("acha kunitumia ujumbe usiku", "hold"),
    ("siwezi kuacha kukohoa", ""),
    ("naweza kuacha dawa lini?", ""),
    ("damu haiachi kutoka", ""),
    ("nimeacha kutumia dawa", ""),
    ("je niache dawa", ""),
    ("tafadhali usiache kunitumia ujumbe", ""),
    ("kwa nini mmeacha kunitumia ujumbe", ""),
    ("sitaki dawa hizi", ""),
    ("acha maumivu", ""),
    ("nimepata ujumbe wenu", ""),
    ("mtoto ameacha kunyonya", ""),
    ("Asante, nitakuja.", ""),
    ("Nahisi kizunguzungu asubuhi, ni kawaida?", ""),
    ("sitaki kujiondoa", ""),
    ("nilisahau jana", ""),
    ("mwisho wa mwezi", ""),
    ("anza", "start"),
    ("Anza tena", "start"),
    ("jiunge", "start"),
    ("nataka kujiunga", "start"),
    ("start", "start"),
    ("nitumie ujumbe tena", "start"),
    ("nianze dawa lini", ""),
    ("ndio", "yes"),
    ("NDIYO!", "yes"),
    ("ndiyo asante", "yes"),
    ("ndio nakubali", "yes"),
    ("nakubali", "yes"),
    ("ndio lakini nina swali", ""),
    ("sawa", ""),
    ("hapana", ""),
    ("msaada", "help"),
    ("Msaada?", "help"),
    ("maelezo", "help"),
    ("nisaidie ninatoka damu", ""),
    ("naomba msaada natoka damu", ""),
]

SPANISH = [
    *[
        (text, "stop")
        for text in ("STOP", "pare", "PAREN", "baja", "alto", "para ya", "pare por favor", "darme de baja", "salir")
    ],
    ("no me escriban más", "stop"),
    ("No me manden mensajes", "stop"),
    ("ya no me envíen mensajes por favor", "stop"),
    ("no quiero recibir más mensajes", "stop"),
    ("dejen de escribirme", "stop"),
    ("deje de mandar mensajes", "stop"),
    ("quítenme de su lista", "stop"),
    ("borren mi número", "stop"),
    ("déjenme en paz", "stop"),
    ("número equivocado", "wrong"),
    ("no me interesa", "stop"),
    ("quiero dejar de recibir mensajes", "stop"),
    ("basta", "hold"),
    ("ya no quiero", "hold"),
    ("cancelar", "hold"),
    ("¿quién es?", "hold"),
    ("mi esposo lee mis mensajes", "hold"),
    ("no puedo parar de toser", ""),
    ("¿cuándo puedo dejar las pastillas?", ""),
    ("no dejen de escribirme", ""),
    ("quiero cancelar mi cita", ""),
    ("por qué no me mandan nada", ""),
    ("es para mañana", ""),
    ("ya paré la medicina", ""),
    ("empezar", "start"),
    ("alta", "start"),
    ("Sí", "yes"),
    ("si, acepto", "yes"),
    ("sí pero tengo una duda", ""),
    ("ayuda", "help"),
    ("ayuda estoy sangrando", ""),
]

PORTUGUESE = [
    *[
        (text, "stop")
        for text in ("STOP", "pare", "PAREM", "parar", "sair", "remover", "pare por favor", "descadastrar")
    ],
    ("pare de me mandar mensagens", "stop"),
    ("parem de mandar mensagens", "stop"),
    ("não me mande mais mensagens", "stop"),
    ("nao me envie mais sms", "stop"),
    ("não quero receber mensagens", "stop"),
    ("Não quero mais receber as suas mensagens, obrigada", "stop"),
    ("me tire da lista", "stop"),
    ("apague meu número", "stop"),
    ("me deixe em paz", "stop"),
    ("número errado", "wrong"),
    ("não tenho interesse", "stop"),
    ("quero parar de receber mensagens", "stop"),
    ("chega", "hold"),
    ("não quero mais", "hold"),
    ("cancelar", "hold"),
    ("quem é você?", "hold"),
    ("meu marido lê as minhas mensagens", "hold"),
    ("não consigo parar de tossir", ""),
    ("quando posso parar os comprimidos?", ""),
    ("não parem de me mandar mensagens", ""),
    ("quero cancelar a minha consulta", ""),
    ("a dor não para", ""),
    ("já parei o remédio", ""),
    ("isso é para mim?", ""),
    ("começar", "start"),
    ("quero voltar", "start"),
    ("sim", "yes"),
    ("SIM, aceito", "yes"),
    ("sim mas tenho uma dúvida", ""),
    ("ajuda", "help"),
    ("ajuda estou a sangrar", ""),
]

TABLES = {"en": ENGLISH, "fr": FRENCH, "sw": SWAHILI, "es": SPANISH, "pt": PORTUGUESE}
ROWS = [(language, text, is_) for language, rows in TABLES.items() for text, is_ in rows]
ALL = [*ROWS, *[(language, text, is_.partition(" ")[0]) for language, rows in SPOKEN.items() for text, is_ in rows]]


@pytest.mark.parametrize(("language", "text", "is_"), ROWS, ids=[f"{code}: {text}" for code, text, _ in ROWS])
def test_a_text_is_what_a_reader_takes_it_for(language: str, text: str, is_: str) -> None:
    found = understand(text, language)
    assert ("hold" if found.hold else found.verb or "") == is_, found.why


@pytest.mark.parametrize(("language", "text", "is_"), [row for row in ROWS if row[2] in {"stop", "hold", "wrong"}])
def test_stop_works_in_every_language_whatever_the_person_chose(language: str, text: str, is_: str) -> None:
    for given_language in (*languages(), "de", "en-KE", None):
        found = understand(text, given_language)
        assert ("hold" if found.hold else found.verb) == is_


decoration = st.text(alphabet=" \t\n!.,?*_~\"'“”«»()[]…🛑🙏👍\u200b\ufeff", max_size=6)


@given(st.sampled_from([row for row in ALL if row[2] != "hold"]), decoration, decoration, st.integers(0, 2))
def test_case_punctuation_pictures_and_spaces_change_nothing(
    row: tuple[str, str, str], before: str, after: str, case: int
) -> None:
    language, text, _ = row
    shown = (text, text.upper(), text.title())[case]
    plain, decorated = understand(text, language), understand(before + shown.replace(" ", "  ") + after, language)
    assert (decorated.verb, decorated.hold) == (plain.verb, plain.hold)


@given(st.text(max_size=400), st.sampled_from([*languages(), None]))
def test_any_text_is_understood_or_left_to_a_person(text: str, language: str | None) -> None:
    found = understand(text, language)
    assert found.why
    assert not (found.verb and found.hold)


def test_the_reason_never_repeats_the_text() -> None:
    assert "mwanahamisi" not in understand("Stop texting me, this is Mwanahamisi", "en").why.lower()


def test_every_verb_has_words_in_every_language() -> None:
    assert set(languages()) == set(TABLES)
    for language in languages():
        assert {is_ for code, _, is_ in ALL if code == language} >= set(Verb), language


def test_every_file_says_who_has_reviewed_it() -> None:
    assert all(len(review) > 20 for review in words.load([*Verb, WHO]).reviews.values())


def test_a_text_costs_less_than_a_millisecond_even_when_it_is_long() -> None:
    text = "stop texting me now please " * 60
    assert (
        timeit.timeit(lambda: understand("Thank you doctor, I will come on Monday with my baby", "en"), number=200)
        / 200
        < 0.001
    )
    assert timeit.timeit(lambda: understand(text, "en"), number=5) / 5 < 0.05


MALFORMED = [
    ("not YAML", "review: [", 0, "not YAML"),
    ("unknown verb", "review: by nobody yet\npause: {whole: [wait]}", 2, "'pause' is not known here"),
    ("unknown row", "review: by nobody yet\nstop:\n  whole: [stop]\n  never: [stop]", 4, "'never' is not a row"),
    ("unknown set", "review: by nobody yet\nstop:\n  whole:\n    - stop {it}", 4, "the set {it} is not defined"),
    ("open bracket", "review: by nobody yet\nstop:\n  whole:\n    - stop (it", 4, "bracket"),
    ("stray brace", "review: by nobody yet\nstop:\n  whole:\n    - stop it}", 4, "does not belong here"),
    ("nothing but punctuation", "review: by nobody yet\nstop:\n  whole: ['!']", 3, "may be empty"),
    ("optional altogether", "review: by nobody yet\nstop:\n  whole: ['[stop]']", 3, "may be empty"),
    ("a list is missing", "review: by nobody yet\nstop:\n  whole: stop", 3, "A list is missing"),
    ("twice", "review: by nobody yet\nstop: {whole: [a]}\nstop: {whole: [b]}", 3, "stands here twice"),
    ("no reviewer", "stop: {whole: [stop]}", 0, "Nobody is named as reviewer"),
    ("a verb without words", "review: by nobody yet", 0, "There are no words for 'stop'"),
]


@pytest.mark.parametrize(("label", "text", "line", "problem"), MALFORMED, ids=[row[0] for row in MALFORMED])
def test_a_malformed_file_is_refused_with_its_line(
    label: str, text: str, line: int, problem: str, tmp_path: Path
) -> None:
    (tmp_path / "xx.yaml").write_text(text, "utf-8")
    with pytest.raises(DefinitionError) as refused:
        words.load(["stop"], tmp_path)
    fault = next(fault for fault in refused.value.faults if problem in fault.problem)
    assert fault.path == "xx.yaml"
    assert line in {0, fault.line}


def test_every_fault_is_told_at_once(tmp_path: Path) -> None:
    (tmp_path / "aa.yaml").write_text("stop: {whole: ['(']}", "utf-8")
    (tmp_path / "bb.yaml").write_text("review: by nobody yet", "utf-8")
    with pytest.raises(DefinitionError) as refused:
        words.load(["stop"], tmp_path)
    assert [fault.path for fault in refused.value.faults] == ["aa.yaml", "aa.yaml", "bb.yaml"]
