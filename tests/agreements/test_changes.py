"""What an edit grants and withdraws, in words and as steps; nothing is said of what is the same."""

from pathlib import Path

import pytest
from agreement_samples import LIST_SERVICE, OTHER, PERSON_SERVICE, PLAIN, PUBLIC, edited, served

from kps_soap.agreements import AgreementSet
from kps_soap.agreements.changes import changes_between, steps_between
from kps_soap.agreements.wording import change_lines

STAGE = 'stage = "ACIK"\n'
FIELDS = PLAIN[PLAIN.index("fields = [") :]
LISTING = f"""
[[services]]
name = "{LIST_SERVICE[0]}"
versions = ["{LIST_SERVICE[1]}"]
stage = "ACIK"
purposes = ["EMLAK_BEYAN"]
bulk_basis = "298 sayılı Kanun Md.33"
fields = ["KisiListesi/SayfaAnahtari"]
"""


def set_of(folder: Path, text: str = PLAIN, **more: str) -> AgreementSet:
    for path in folder.glob("*.toml"):
        path.unlink()
    return served(folder, {"a.toml": text, **{f"{name}.toml": one for name, one in more.items()}})


def told(folder: Path, before: str, after: str) -> list[str]:
    """The changes of one agreement as ``effect: text``."""
    changes = changes_between(set_of(folder, before), set_of(folder, after))
    if not changes:
        return []
    (one,) = changes
    assert (one.number, one.institution) == ("2026/117", "B-34-0417")
    return [
        f"{change.effect}: {change.service and 'service '}{change.text}" for change in one.changes
    ]


EDITS = [
    ('state = "ACIK"', 'state = "TASLAK"', ["withdraws: state ACIK becomes TASLAK"]),
    ('state = "ACIK"', 'state = "TEST"', ["changes: state ACIK becomes TEST"]),
    (
        "valid_until = 2026-12-31",
        "valid_until = 2027-12-31",
        ["grants: valid_until: 2026-12-31 becomes 2027-12-31"],
    ),
    (
        "valid_from = 2026-01-01",
        "valid_from = 2026-02-01",
        ["withdraws: valid_from: 2026-01-01 becomes 2026-02-01"],
    ),
    (
        'networks = ["203.0.113.10/32"]',
        'networks = ["203.0.113.12/32"]',
        ["grants: networks: 203.0.113.12/32", "withdraws: networks: 203.0.113.10/32"],
    ),
    ('doors = ["direct"]', 'doors = ["direct", "routing"]', ["grants: doors: routing"]),
    (
        "inquirer_required = true",
        'inquirer_required = true\ninquirers = ["AYSE"]',
        ["withdraws: inquirers: only AYSE, no longer everybody"],
    ),
    (
        "inquirer_required = true",
        "inquirer_required = false",
        ["grants: inquirer_required: yes becomes no"],
    ),
    (
        "case_number_required = false",
        "case_number_required = true",
        ["withdraws: case_number_required: no becomes yes"],
    ),
    (
        "inquirer_required = true",
        "inquirer_required = true\nregistered_inquirers = true",
        ["withdraws: registered_inquirers: no becomes yes"],
    ),
    (
        "inquirer_required = true",
        "inquirer_required = true\ntoken_address_free = true",
        ["grants: token_address_free: no becomes yes"],
    ),
    (
        "calls_per_second_max = 20",
        "calls_per_second_max = 5",
        ["withdraws: limits.calls_per_second_max: 20 becomes 5"],
    ),
    (
        "calls_per_second_max = 20",
        "calls_per_second_max = 20\ncalls_per_day_max = 500",
        ["withdraws: limits.calls_per_day_max: 0 becomes 500"],
    ),
    (
        'name_matching = "TAM"',
        'name_matching = "DUZELTMELI"',
        ["changes: name_matching: TAM becomes DUZELTMELI"],
    ),
    ('"GENEL_YONETIM"', '"YOK"', ["changes: fees.exemption: GENEL_YONETIM becomes YOK"]),
    (
        "Örnek İlçe Belediyesi",
        "Başka Belediye",
        ["changes: institution.name: Örnek İlçe Belediyesi becomes Başka Belediye"],
    ),
    (
        "valid_until = 2026-12-31\n",
        "valid_until = 2026-12-31\nrenewal = { from = 2026-12-04, until = 2026-12-31 }\n",
        ["changes: renewal: nothing becomes 2026-12-04 to 2026-12-31, not started"],
    ),
    (
        STAGE,
        'stage = "KAPALI"\n',
        ["withdraws: service stage ACIK becomes KAPALI"],
    ),
    (
        STAGE,
        f'{STAGE}planned = [{{ stage = "KAPALI", from = 2026-06-01 }}]\n',
        ["changes: service stage ACIK becomes ACIK, KAPALI from 2026-06-01"],
    ),
    (
        STAGE,
        'stage = "PILOT"\npilot = { inquirers = ["B", "A"], calls_per_day_max = 5 }\n',
        [
            "changes: service stage ACIK becomes PILOT",
            "changes: service pilot: nothing becomes A, B, 5 calls a day",
        ],
    ),
    (
        '["EMLAK_BEYAN"]\nfields',
        '["EMLAK_BEYAN", "SOSYAL_YARDIM"]\nfields',
        ["grants: service purposes: SOSYAL_YARDIM"],
    ),
    (
        '    "KisiBilgisi/TemelBilgisi",\n',
        '    "KisiBilgisi/TemelBilgisi/Ad",\n    "KisiBilgisi/KayitYeriBilgisi/Il",\n',
        [
            "grants: service field KisiBilgisi/KayitYeriBilgisi/Il (all 2)",
            "withdraws: service field KisiBilgisi/TemelBilgisi/Cinsiyet (all 2)",
            "withdraws: service field KisiBilgisi/TemelBilgisi/DogumTarih (all 3)",
            "withdraws: service field KisiBilgisi/TemelBilgisi/Soyad",
        ],
    ),
    (
        FIELDS,
        'fields = ["KisiBilgisi/DurumBilgisi/Din"]\n'
        'special = [{ field = "KisiBilgisi/DurumBilgisi/Din", legal_basis = "5490 Md.7" }]\n',
        [
            "grants: service field KisiBilgisi/DurumBilgisi/Din (all 2)",
            "withdraws: service field KisiBilgisi/DurumBilgisi/Durum (all 2)",
            "withdraws: service field KisiBilgisi/TCKimlikNo",
            "withdraws: service field KisiBilgisi/TemelBilgisi (all 7)",
        ],
    ),
]


@pytest.mark.parametrize(("old", "new", "expected"), EDITS)
def test_an_edit_is_told_by_what_it_grants_and_withdraws(
    tmp_path: Path, old: str, new: str, expected: list[str]
) -> None:
    assert told(tmp_path, PLAIN, edited({old: new})) == expected


def opposite(line: str) -> str:
    effect = line.partition(":")[0]
    return {"grants": "withdraws", "withdraws": "grants"}.get(effect, effect)


def test_another_legal_basis_code_or_relation_is_told(tmp_path: Path) -> None:
    basis = (
        'fields = ["KisiBilgisi/DurumBilgisi/Din"]\n'
        'special = [{ field = "KisiBilgisi/DurumBilgisi/Din", legal_basis = "5490 Md.7" }]\n'
    )
    before = edited({FIELDS: basis})
    assert told(tmp_path, before, before.replace("5490 Md.7", "6698 Md.6")) == [
        "changes: service legal_basis of KisiBilgisi/DurumBilgisi/Din: 5490 Md.7 becomes 6698 Md.6"
    ]
    changes = changes_between(
        set_of(tmp_path), set_of(tmp_path, edited({'code = "B-34-0417"': 'code = "B-34-0418"'}))
    )
    (change,) = changes[0].changes
    assert change.text == "institution.code: B-34-0417 becomes B-34-0418"
    everybody = {"inquirer_required = true": 'inquirer_required = true\ninquirers = ["A"]'}
    more = {"inquirer_required = true": 'inquirer_required = true\ninquirers = ["A", "B"]'}
    assert told(tmp_path, edited(everybody), edited(more)) == ["grants: inquirers: B"]


def test_a_stricter_relation_of_persons_withdraws(tmp_path: Path) -> None:
    relations = frozenset({"KAPALI", "UYAR", "ENGELLE"})
    texts = [edited({'"KAPALI"': f'"{word}"'}) for word in ("UYAR", "ENGELLE")]
    sets = [served(tmp_path, {"a.toml": text}, served_relations=relations) for text in texts]
    (there,) = changes_between(*sets)
    (back,) = changes_between(*reversed(sets))
    assert (there.changes[0].effect, back.changes[0].effect) == ("withdraws", "grants")


@pytest.mark.parametrize(("old", "new", "expected"), EDITS)
def test_taking_an_edit_back_has_the_opposite_effect(
    tmp_path: Path, old: str, new: str, expected: list[str]
) -> None:
    back = [line.partition(":")[0] for line in told(tmp_path, edited({old: new}), PLAIN)]
    assert sorted(back) == sorted(map(opposite, expected))


def test_a_comment_or_another_order_changes_nothing(tmp_path: Path) -> None:
    moved = edited({'["EMLAK_BEYAN", "SOSYAL_YARDIM"]': '["SOSYAL_YARDIM", "EMLAK_BEYAN"]'})
    before, after = set_of(tmp_path), set_of(tmp_path, f"# yeni\n{moved}")
    assert before.digest != after.digest
    assert changes_between(before, after) == []
    assert change_lines([]) == ["Nothing changes."]


def test_a_service_that_comes_and_one_that_goes(tmp_path: Path) -> None:
    expected = [
        "grants: service the service, in stage ACIK, for EMLAK_BEYAN",
        "grants: service field KisiListesi/SayfaAnahtari",
    ]
    assert told(tmp_path, PLAIN, PLAIN + LISTING) == expected
    assert told(tmp_path, PLAIN + LISTING, PLAIN) == ["withdraws: service the service"]
    other = LISTING.replace("Md.33", "Md.34")
    assert told(tmp_path, PLAIN + LISTING, PLAIN + other) == [
        "changes: service bulk_basis: 298 sayılı Kanun Md.33 becomes 298 sayılı Kanun Md.34"
    ]


def test_agreements_that_come_and_go_are_told_by_number(tmp_path: Path) -> None:
    one, two = set_of(tmp_path), set_of(tmp_path, PLAIN, b=edited(OTHER))
    (come,) = changes_between(one, two)
    assert (come.number, come.changes[0].effect) == ("2026/118", "grants")
    assert come.changes[0].text == (
        "a new agreement in state ACIK, valid from 2026-01-01 until 2026-12-31"
    )
    assert [change.service for change in come.changes[1:]] == [PERSON_SERVICE[0]] * 4
    (gone,) = changes_between(two, one)
    assert [change.effect for change in gone.changes] == ["withdraws"]
    assert [step.text for step in steps_between(one, two)] == ["YOK → ACIK"]
    assert [step.text for step in steps_between(two, one)] == ["ACIK → YOK"]


def test_a_renamed_file_is_the_same_agreement(tmp_path: Path) -> None:
    before = set_of(tmp_path)
    (tmp_path / "a.toml").unlink()
    after = served(tmp_path, {"z.toml": PLAIN})
    assert changes_between(before, after) == []
    assert steps_between(before, after) == []


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"enabled = true": "enabled = false"}, [("withdraws", "the public door closes")]),
        (
            {"calls_per_second_max = 5": "calls_per_second_max = 9"},
            [("grants", "limits.calls_per_second_max: 5 becomes 9")],
        ),
        ({'"DUZELTMELI"': '"TAM"'}, [("changes", "name_matching: DUZELTMELI becomes TAM")]),
        ({'"KAPALI"': '"ACIK"'}, [("grants", "stage KAPALI becomes ACIK")]),
        (
            {'"KAPALI"': '"KAPALI"\nplanned = [{ stage = "ACIK", from = 2026-06-01 }]'},
            [("changes", "stage KAPALI becomes KAPALI, ACIK from 2026-06-01")],
        ),
    ],
)
def test_the_public_door_is_told_too(
    tmp_path: Path, changes: dict[str, str], expected: list[tuple[str, str]]
) -> None:
    before = set_of(tmp_path, p=PUBLIC)
    (one,) = changes_between(before, set_of(tmp_path, p=edited(changes, PUBLIC)))
    assert one.number == ""
    assert [(change.effect, change.text) for change in one.changes] == expected
    assert change_lines([one])[0] == "public door"


def test_a_public_door_that_comes_opens(tmp_path: Path) -> None:
    (one,) = changes_between(set_of(tmp_path), set_of(tmp_path, p=PUBLIC))
    assert [(change.effect, change.text) for change in one.changes] == [
        ("grants", "the public door opens")
    ]


def test_the_lines_of_a_diff_name_institution_service_and_count(tmp_path: Path) -> None:
    after = edited({STAGE: 'stage = "KAPALI"\n', "= 20\n": "= 30\n"})
    lines = change_lines(changes_between(set_of(tmp_path), set_of(tmp_path, after)))
    assert lines == [
        "2026/117 Örnek İlçe Belediyesi (B-34-0417)",
        "  grants     limits.calls_per_second_max: 20 becomes 30",
        "  withdraws  KisiSorgulaTCKimlikNoServis 2011/01/01: stage ACIK becomes KAPALI",
        "Agreements that change: 1.  Lines that grant: 1, withdraw: 1, change something else: 0.",
    ]
