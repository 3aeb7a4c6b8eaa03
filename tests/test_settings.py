"""Settings: one table, four sources, and every mistake told at once and without its value."""

import dataclasses
import tomllib
from ipaddress import ip_network
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kps_soap import setting_kinds, settings
from kps_soap.settings import SETTINGS, Settings, SettingsRefused

PASSWORD = "cok-gizli-parola"


def write_home(home: Path, text: str = "") -> Path:
    (home / settings.FILE_NAME).write_text(text, encoding="utf-8")
    return home


def problems_of(home: Path, text: str, **environment: str) -> list[str]:
    with pytest.raises(SettingsRefused) as caught:
        settings.read(write_home(home, text), environment)
    assert str(caught.value).splitlines() == [str(problem) for problem in caught.value.problems]
    return [str(problem) for problem in caught.value.problems]


def refusal_of(tmp_path: Path, **values: object) -> str:
    with pytest.raises(SettingsRefused) as caught:
        settings.of(tmp_path, values)
    return str(caught.value)


# The table


def test_the_table_and_the_type_are_one() -> None:
    names = [row.name for row in dataclasses.fields(Settings)]
    assert names == ["home", *(setting.name for setting in SETTINGS)]


@pytest.mark.parametrize("setting", SETTINGS, ids=lambda setting: setting.name)
def test_every_setting_has_a_help_sentence_and_a_default_that_its_kind_accepts(
    setting: setting_kinds.Setting, tmp_path: Path
) -> None:
    assert setting.help.endswith(".") or "unset:" in setting.help or "..." in setting.help
    assert len(setting.help) <= 96
    value = getattr(settings.of(tmp_path, {}), setting.name)
    if setting.kind is setting_kinds.INTEGER:
        assert setting.least <= value <= setting.most
    assert setting.environment == "KPS_" + setting.name.upper()


def test_the_first_row_opens_a_group_so_that_every_row_is_in_one() -> None:
    assert SETTINGS[0].heading


def test_a_whole_number_says_its_unit_or_what_it_counts() -> None:
    counts = {"https_port", "http_port", "metrics_port", "workers", "in_flight_max"}
    counts |= {"password_threads", "password_failures_max", "password_failures_per_day_max"}
    counts |= {"password_failures_per_source_max"}
    counts |= {"seal_records_max", "institution_share_percent", "connections_max"}
    for setting in SETTINGS:
        if setting.kind is setting_kinds.INTEGER and setting.name not in counts:
            assert any(
                unit in setting.name
                for unit in (
                    "seconds",
                    "bytes",
                    "characters",
                    "depth",
                    "elements",
                    "attributes",
                    "children",
                    "namespaces",
                    "years",
                    "days",
                )
            ), setting.name


@pytest.mark.parametrize("name", ["witness_url", "timestamp_url"])
@pytest.mark.parametrize(
    "address",
    [
        *(
            "ftp://kps.example.org/",
            "https://user:pw@kps.example.org/",
            "https://kps.example.org/?x",
        ),
        *("https:///x", "https://kps.example.org/#x", "kps.example.org", "https://[::1/", 7),
    ],
)
def test_an_address_to_be_called_is_a_plain_one(tmp_path: Path, name: str, address: object) -> None:
    with pytest.raises(SettingsRefused, match=name):
        settings.of(tmp_path, {name: address, "timestamp_ca_file": "ca.pem"})


def test_seals_leave_by_https_and_timestamps_by_either(tmp_path: Path) -> None:
    with pytest.raises(SettingsRefused, match="witness_url: must be an address like https:"):
        settings.of(tmp_path, {"witness_url": "http://witness.example.org/"})
    found = settings.of(
        tmp_path,
        {
            "witness_url": "http://127.0.0.1:1/seals",
            "timestamp_url": "http://stamps.example.org/",
            "timestamp_ca_file": "ca.pem",
        },
    )
    assert found.witness_url == "http://127.0.0.1:1/seals"
    assert found.timestamp_ca_file == tmp_path / "ca.pem"
    assert settings.of(tmp_path, {"witness_url": ""}).witness_url is None


def test_a_timestamp_needs_a_certificate_to_be_believed(tmp_path: Path) -> None:
    with pytest.raises(SettingsRefused, match="timestamp_url: needs timestamp_ca_file"):
        settings.of(tmp_path, {"timestamp_url": "https://stamps.example.org/"})


# The four sources


def test_an_empty_file_gives_the_defaults(tmp_path: Path) -> None:
    found = settings.read(write_home(tmp_path), {})
    assert found == settings.of(tmp_path, {})
    assert (found.https_port, found.http_port, found.body_bytes_max) == (8443, 8080, 131072)
    assert found.versions_file is None


def test_the_command_line_wins_over_the_environment_and_that_over_the_file(tmp_path: Path) -> None:
    home = write_home(tmp_path, "https_port = 1\nhttp_port = 2\nworkers = 3\n")
    found = settings.read(
        home, {"KPS_HTTP_PORT": "20", "KPS_WORKERS": "30"}, command_line={"workers": 7}
    )
    assert (found.https_port, found.http_port, found.workers) == (1, 20, 7)


def test_other_variables_and_the_place_of_the_home_are_no_settings(tmp_path: Path) -> None:
    environment = {"PATH": "x", "KPS_HOME": "somewhere"}
    assert settings.read(write_home(tmp_path), environment) == settings.of(tmp_path, {})


def test_a_list_in_the_environment_is_separated_by_commas(tmp_path: Path) -> None:
    found = settings.read(
        write_home(tmp_path),
        {"KPS_TRUSTED_PROXIES": "10.0.0.0/8, 2001:db8::/32", "KPS_ALLOWED_HOSTS": ""},
    )
    assert found.trusted_proxies == (ip_network("10.0.0.0/8"), ip_network("2001:db8::/32"))
    assert found.allowed_hosts == ()


def test_the_environment_gives_texts_as_they_are(tmp_path: Path) -> None:
    environment = {"KPS_TLS_KEY_FILE": "a, b.key", "KPS_HTTP_HOST": "localhost"}
    found = settings.read(write_home(tmp_path), environment)
    assert found.tls_key_file == tmp_path / "a, b.key"
    assert found.http_host == "localhost"


def test_a_file_with_a_byte_order_mark_is_read(tmp_path: Path) -> None:
    assert settings.read(write_home(tmp_path, "\ufeffworkers = 2\n"), {}).workers == 2


def test_relative_paths_start_at_the_home_and_absolute_ones_stay(tmp_path: Path) -> None:
    found = settings.of(
        tmp_path,
        {
            "tls_key_file": "secret/tls.key",
            "evidence_key_file": str(tmp_path / "elsewhere" / "k"),
            "versions_file": "versions.toml",
            "codes_file": "",
        },
    )
    assert found.tls_key_file == tmp_path / "secret" / "tls.key"
    assert found.evidence_key_file == tmp_path / "elsewhere" / "k"
    assert found.versions_file == tmp_path / "versions.toml"
    assert found.codes_file is None


def test_a_relative_sqlite_file_starts_at_the_home_too(tmp_path: Path) -> None:
    absolute = f"sqlite:///{tmp_path}/other.db"
    found = settings.of(tmp_path, {"register_url": "sqlite:///r.db", "gateway_url": absolute})
    assert found.register_url == f"sqlite:///{tmp_path}/r.db"
    assert found.gateway_url == absolute


def test_a_postgresql_address_is_taken_as_it_is_and_never_printed(tmp_path: Path) -> None:
    url = f"postgresql+psycopg://kps@db.example/kps?passfile={tmp_path}/{PASSWORD}"
    found = settings.of(tmp_path, {"gateway_url": url})
    assert found.gateway_url == url
    assert PASSWORD not in repr(found)


@pytest.mark.parametrize(
    "url",
    [
        f"postgresql+psycopg://kps:{PASSWORD}@db.example/kps",
        "postgresql+psycopg://kps:@db.example/kps",
        f"postgresql+psycopg://kps@db.example/kps?password={PASSWORD}",
        f"postgresql+psycopg://kps@db.example/kps?sslpassword={PASSWORD}",
    ],
)
@pytest.mark.parametrize("name", ["register_url", "gateway_url"])
def test_a_password_comes_from_a_file_and_never_by_value(
    tmp_path: Path, name: str, url: str
) -> None:
    said = refusal_of(tmp_path, **{name: url})
    assert "must hold no password" in said
    assert "passfile" in said
    assert PASSWORD not in said
    (problem,) = problems_of(tmp_path, "", **{f"KPS_{name}".upper(): url})
    assert "must hold no password" in problem
    assert PASSWORD not in problem


@pytest.mark.parametrize("address", ["0.0.0.0", "::", "::ffff:0.0.0.0"])
@pytest.mark.parametrize("name", ["https", "http", "metrics"])
def test_every_address_is_listened_on_only_where_a_setting_says_so(
    tmp_path: Path, name: str, address: str
) -> None:
    given: dict[str, object] = {
        f"{name}_host": address,
        f"{name}_port": 9,
        "plain_http_addresses": [address],
    }
    assert "listen_on_all_addresses" in refusal_of(tmp_path, **given)
    found = settings.of(tmp_path, {**given, "listen_on_all_addresses": "yes"})
    assert getattr(found, f"{name}_host") == address
    # Nobody listens on port 0.
    assert settings.of(tmp_path, {**given, f"{name}_port": 0})


# What is refused


def test_every_mistake_of_every_source_is_listed_at_once_with_its_place(tmp_path: Path) -> None:
    text = "\n".join(
        [
            "# a comment",
            "htps_port = 8443",
            "workers = true",
            "depth_max = 100000",
            "[register]",
            f"url = '{PASSWORD}'",
        ]
    )
    found = problems_of(tmp_path, text, KPS_WORKRES="2", KPS_HTTP_PORT="many")
    assert sorted(found) == [
        "environment: KPS_HTTP_PORT: must be a whole number",
        "environment: KPS_WORKRES: is no setting; did you mean KPS_WORKERS?",
        "kps.toml, line 2: htps_port: is no setting; did you mean https_port?",
        "kps.toml, line 3: workers: must be a whole number",
        "kps.toml, line 4: depth_max: must lie between 8 and 200",
        "kps.toml, line 5: register: is no setting; did you mean register_url?",
    ]


def test_a_name_that_resembles_none_gets_no_guess(tmp_path: Path) -> None:
    assert problems_of(tmp_path, "xyz = 1") == ["kps.toml, line 1: xyz: is no setting"]


def test_a_name_whose_line_cannot_be_told_is_placed_in_the_file(tmp_path: Path) -> None:
    assert problems_of(tmp_path, '"\\u0078yz" = 1') == ["kps.toml: xyz: is no setting"]


def test_the_command_line_is_checked_like_the_rest(tmp_path: Path) -> None:
    with pytest.raises(SettingsRefused, match="command line: https_port: must lie between"):
        settings.read(write_home(tmp_path), {}, command_line={"https_port": 70000})


def test_a_home_without_a_file_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(SettingsRefused, match="kps.toml: not found; `kps demo init HOME`"):
        settings.read(tmp_path, {})


def test_a_file_that_is_no_file_no_toml_or_no_text_is_refused(tmp_path: Path) -> None:
    assert problems_of(tmp_path, "a = \n")[0].startswith("kps.toml: is not TOML: ")
    (tmp_path / settings.FILE_NAME).write_bytes(b"\xff\xfe")
    with pytest.raises(SettingsRefused, match=r"kps\.toml: is not UTF-8"):
        settings.read(tmp_path, {})
    (tmp_path / settings.FILE_NAME).unlink()
    (tmp_path / settings.FILE_NAME).mkdir()
    with pytest.raises(SettingsRefused, match=r"cannot be read \(IsADirectoryError\)"):
        settings.read(tmp_path, {})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("public_base_url", "kps.example.org"),
        ("public_base_url", "ftp://kps.example.org"),
        ("public_base_url", "https://kps.example.org/path"),
        ("public_base_url", "https://kps.example.org?x=1"),
        ("public_base_url", f"https://user:{PASSWORD}@kps.example.org"),
        ("public_base_url", "https://kps.example.org:port"),
        ("public_base_url", 'https://kps"example'),
        ("public_base_url", "https://"),
        ("allowed_hosts", "kps.example.org"),
        ("allowed_hosts", ["https://kps.example.org"]),
        ("allowed_hosts", [1]),
        ("allowed_hosts", ["kps.example.org\r\nX: y"]),
        ("https_host", "kps.example.org"),
        ("https_host", 1),
        ("plain_http_addresses", ["10.0.0.0/8"]),
        ("trusted_proxies", ["10.0.0.1/8"]),
        ("trusted_proxies", ["proxy"]),
        ("tls_key_file", ""),
        ("tls_key_file", "a\x00b"),
        ("tls_key_file", ["a"]),
        ("versions_file", 1),
        ("workers", 1.5),
        ("workers", "2"),
        ("workers", -1),
        ("register_url", "sqlite://"),
        ("register_url", "sqlite:///"),
        ("register_url", f"mysql://kps:{PASSWORD}@db/kps"),
        ("gateway_url", "postgresql+psycopg://"),
        ("gateway_url", 1),
    ],
)
def test_a_value_of_the_wrong_kind_is_refused_and_never_repeated(
    name: str, value: object, tmp_path: Path
) -> None:
    text = refusal_of(tmp_path, **{name: value})
    assert text.startswith(f"{name}: must ")
    assert PASSWORD not in text
    assert "\n" not in text


@pytest.mark.parametrize(
    ("value", "kept"),
    [
        ("https://kps.example.org/", "https://kps.example.org"),
        ("https://KPS.example.org:8443", "https://kps.example.org:8443"),
        ("https://[2001:db8::1]:8443", "https://[2001:db8::1]:8443"),
        ("http://localhost:8080", "http://localhost:8080"),
        ("http://127.0.0.2", "http://127.0.0.2"),
    ],
)
def test_a_public_address_is_kept_in_one_form(value: str, kept: str, tmp_path: Path) -> None:
    assert settings.of(tmp_path, {"public_base_url": value}).public_base_url == kept


def test_plain_http_leaves_loopback_only_where_a_setting_names_the_address(tmp_path: Path) -> None:
    assert "plain HTTP is served on loopback only" in refusal_of(tmp_path, http_host="0.0.0.0")
    assert "outside loopback" in refusal_of(tmp_path, public_base_url="http://kps.example.org")
    allowed = {"http_host": "10.0.0.5", "plain_http_addresses": ["10.0.0.5"]}
    assert settings.of(tmp_path, allowed).http_host == "10.0.0.5"
    proxied = {"http_host": "10.0.0.5", "trusted_proxies": ["10.0.0.9/32"]}
    assert settings.of(tmp_path, proxied).http_host == "10.0.0.5"
    switched_off = {"http_host": "10.0.0.5", "http_port": 0}
    assert settings.of(tmp_path, switched_off).http_port == 0


def test_metrics_are_served_on_loopback_or_where_an_address_is_named(tmp_path: Path) -> None:
    assert settings.of(tmp_path, {}).metrics_port == 0
    assert settings.of(tmp_path, {"metrics_host": "10.0.0.7"}).metrics_port == 0
    text = refusal_of(tmp_path, metrics_port=9464, metrics_host="10.0.0.7")
    assert text.startswith("metrics_host: metrics are served on loopback only")
    named = {"plain_http_addresses": ["10.0.0.7"], "metrics_host": "10.0.0.7"}
    assert settings.of(tmp_path, {**named, "metrics_port": 9464}).metrics_host == "10.0.0.7"


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("log_format", "must be text or json"),
        ("log_level", "must be DEBUG, INFO, WARNING or ERROR"),
        ("log_requests", "must be all, refused or none"),
    ],
)
def test_a_choice_is_one_of_its_words(name: str, sentence: str, tmp_path: Path) -> None:
    for value in ("", "Text", PASSWORD, 1, None, ["text"], {}):
        assert refusal_of(tmp_path, **{name: value}) == f"{name}: {sentence}"
    assert settings.of(tmp_path, {"log_format": "json"}).log_format == "json"
    found = settings.read(write_home(tmp_path), {"KPS_LOG_REQUESTS": "refused"})
    assert found.log_requests == "refused"


def test_a_gateway_that_would_listen_nowhere_is_refused(tmp_path: Path) -> None:
    text = refusal_of(tmp_path, http_port=0, https_port=0)
    assert text == "https_port: must not be 0 where http_port is 0: nothing would be served"


# The file that `kps demo init` writes


def test_a_rendered_file_reads_back_to_the_same_settings(tmp_path: Path) -> None:
    values = {
        "public_base_url": "https://kps.ornek.invalid",
        "allowed_hosts": ("localhost:8443", "127.0.0.1:8080"),
        "trusted_proxies": (ip_network("10.0.0.0/8"),),
        "tls_key_file": Path('keys/a "quoted" \\ name'),
        "workers": 2,
        "versions_file": None,
    }
    found = settings.read(write_home(tmp_path, settings.render(values)), {})
    assert found == settings.of(tmp_path, values)


def test_a_rendered_file_shows_every_other_setting_as_a_comment_with_its_default(
    tmp_path: Path,
) -> None:
    text = settings.render({})
    assert tomllib.loads(text) == {}
    bare = "\n".join(
        line.removeprefix("# ")
        for line in text.splitlines()
        if line.removeprefix("# ").split(" = ")[0] in {setting.name for setting in SETTINGS}
    )
    assert len(tomllib.loads(bare)) == len(SETTINGS)
    assert settings.read(write_home(tmp_path, bare), {}) == settings.of(tmp_path, {})


def test_a_name_that_is_no_setting_cannot_be_rendered() -> None:
    with pytest.raises(SettingsRefused, match="wrokers: is no setting; did you mean workers"):
        settings.render({"wrokers": 1})


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"])))
def test_any_text_survives_being_written_as_toml(text: str) -> None:
    written = f"value = {setting_kinds.PATH.write(text)}"
    assert tomllib.loads(written) == {"value": text}


@pytest.mark.parametrize(
    "url",
    [
        "postgresql+psycopg://u:pa@ss:w0rdSECRET@127.0.0.1:1/x",
        "postgresql+psycopg://u@[::1/x",
        "sqlite:///what?.db",
        "sqlite:///100%.db",
    ],
)
def test_a_database_address_that_cannot_be_read_is_refused_without_its_password(
    tmp_path: Path, url: str
) -> None:
    with pytest.raises(SettingsRefused) as refused:
        settings.of(tmp_path, {"gateway_url": url})
    assert "w0rdSECRET" not in str(refused.value)
    assert "gateway_url" in str(refused.value)
