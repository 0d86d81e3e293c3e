"""The Python BM25 agrees with the product's on the cases its own tests name (clinical/src/retrieval)."""

import pytest

from mambaformer_training.retrieval import Bm25, Stems, compounds, one_slip_apart

DOCUMENTS = [
    ("Dry socket", "Alveolar osteitis is pain after an extraction. The blood clot is lost from the socket."),
    ("Dental caries", "Sugar feeds bacteria. Acid dissolves the tooth. Fluoride helps to prevent it."),
    ("Non-steroidal pain relief", "Ibuprofen 400mg is taken with food. Avoid it with ulcers."),
    ("Penicillin allergy", "A patient with a penicillin allergy should not be given amoxicillin."),
    ("Teething", "A child's first teeth come at about six months."),
]


@pytest.mark.parametrize("question, expected", [
    ("What is a dry socket?", 0), ("How can I prevent tooth decay with fluorides?", 1), ("nonsteroidal painkiller", 2), ("NON-STEROIDAL", 2), ("ibuprofen 400 mg", 2),
    ("Is amoxicillin safe in allergic patients?", 3), ("when do children get their first tooth", 4), ("amoxicilin", 3), ("ibuprofne", 2)])
def test_finds_the_passage_the_product_finds(question, expected):
    assert Bm25(DOCUMENTS).search(question, 3)[0][0] == expected


@pytest.mark.parametrize("text, expected", [
    ("", []), ("Dry socket?", [["dry"], ["socket"]]), ("Sjögren's and Sjo\u0308gren’s", [["sjogren"], ["and"], ["sjogren"]]), ("don't O'Brien", [["dont"], ["obrien"]]),
    ("non-steroidal", [["non", "steroidal"]]), ("- a - b -", [["a"], ["b"]]), ("0.12% 2,000 1,2 5.", [["0.12"], ["2000"], ["1"], ["2"], ["5"]]),
    ("500mg 0.5mL", [["500", "mg"], ["0.5", "ml"]]), ("vitamin B12 p53", [["vitamin"], ["b12"], ["p53"]]), ("COVID-19", [["covid", "19"]]), ("and/or", [["and"], ["or"]]),
    ("ﬁbre Œdema", [["fibre"], ["oedema"]])])
def test_words_of_a_text(text, expected):
    assert compounds(text) == expected


def test_stems_and_slips():
    stem = Stems()
    for a, b in [("teeth", "tooth"), ("extracted", "extracting"), ("diagnoses", "diagnosis"), ("prostheses", "prosthesis"), ("allergies", "allergy"), ("children", "child")]:
        assert stem(a) == stem(b)
    assert stem("prednisone") != stem("prednisolone") and stem("what") is None and stem("b12") == "b12"
    assert one_slip_apart("caries", "carise") and one_slip_apart("caries", "carie") and one_slip_apart("caries", "cavies") and not one_slip_apart("caries", "carve")
