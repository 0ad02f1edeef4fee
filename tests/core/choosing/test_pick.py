"""What is chosen, and what is asked for then."""

from hypothesis import given
from hypothesis import strategies as st

from core.choosing import Kind, Listing, Pick, Row
from core.records import Handle, RemoteFile, Selection
from core.selection import choose

FILES = (
    "README.md", "m-Q2_K.gguf", "m-Q4_K_M.gguf", "m-Q8_0-00001-of-00002.gguf", "m-Q8_0-00002-of-00002.gguf",
    "m-Q6_K-00001-of-00002.gguf", "mmproj-f16.gguf", "model.safetensors",
)  # fmt: skip
SHARDED = {"m-Q8_0-00001-of-00002.gguf", "m-Q8_0-00002-of-00002.gguf"}
HANDLE = Handle("huggingface", "org/repo")


def pick_of(handle: Handle = HANDLE, files: tuple[str, ...] = FILES) -> Pick:
    wanted = choose(files, quant=handle.quant)
    return Pick(Listing(handle, "c" * 40, tuple(RemoteFile(p, 5, "", "", wanted=p in wanted) for p in files)))


def row(pick: Pick, name: str) -> Row:
    return next(row for row in pick.rows if row.name == name)


def test_at_first_the_default_is_chosen_and_asked_for_by_the_handle_alone() -> None:
    pick = pick_of()
    assert pick.chosen == {"m-Q4_K_M.gguf", "mmproj-f16.gguf"} and pick.size == 10
    assert pick.selection() == Selection() and pick.request() == (HANDLE, Selection())
    assert not pick.refusal


def test_another_quant_alone_is_asked_for_by_its_name() -> None:
    pick = pick_of()
    pick.only(row(pick, "Q8_0"))
    assert pick.chosen == SHARDED | {"mmproj-f16.gguf"} and pick.is_only(row(pick, "Q8_0"))
    assert pick.request() == (Handle("huggingface", "org/repo", quant="Q8_0"), Selection())
    assert pick.selection() == Selection(paths=frozenset(pick.chosen))


def test_going_back_to_the_usual_quant_of_a_handle_with_another_leaves_the_quant_out() -> None:
    pick = pick_of(Handle("huggingface", "org/repo", quant="Q8_0"))
    pick.only(row(pick, "Q4_K_M"))
    assert pick.request() == (HANDLE, Selection())


def test_anything_else_is_asked_for_by_its_paths() -> None:
    pick = pick_of(Handle("huggingface", "org/repo", quant="Q8_0"))
    pick.set_files(["README.md"], True)
    assert pick.request() == (HANDLE, Selection(paths=frozenset(SHARDED | {"mmproj-f16.gguf", "README.md"})))


def test_a_hub_without_quants_is_asked_for_paths() -> None:
    pick = pick_of(Handle("cortexso", "tinyllama", "gguf"))
    pick.only(row(pick, "Q2_K"))
    assert pick.request() == (pick.listing.handle, Selection(paths=frozenset(pick.chosen)))


def test_a_projector_goes_with_the_last_model_that_needs_it() -> None:
    pick = pick_of()
    pick.set_row(row(pick, "Q2_K"), True)
    pick.set_row(row(pick, "Q4_K_M"), False)
    assert pick.chosen == {"m-Q2_K.gguf", "mmproj-f16.gguf"}
    pick.set_row(row(pick, "Q2_K"), False)
    assert not pick.chosen


def test_an_incomplete_set_is_refused_with_the_reason() -> None:
    pick = pick_of()
    pick.only(row(pick, "Q6_K"))
    assert "Q6_K is not complete: 1 of its 2 parts is missing" in pick.refusal
    pick.reset()
    assert not pick.refusal


def test_nothing_chosen_and_nothing_there_are_refused_with_reasons_of_their_own() -> None:
    pick = pick_of()
    pick.set_files(FILES, False)
    assert pick.refusal == "Choose at least one file."
    assert Pick(Listing(HANDLE, "", ())).refusal == "This repository holds no files."


def test_files_that_are_not_there_are_never_chosen() -> None:
    pick = pick_of()
    pick.set_files(["../../etc/passwd"], True)
    assert pick.chosen == pick.default


@given(st.lists(st.tuples(st.integers(0, 7), st.sampled_from(["on", "off", "only", "file_on", "file_off"]))))
def test_whatever_is_pressed_the_choice_stays_within_the_listing_and_asks_for_just_that(
    presses: list[tuple[int, str]],
) -> None:
    pick = pick_of()
    for number, press in presses:
        chosen_row = pick.rows[number % len(pick.rows)]
        match press:
            case "on" | "off":
                pick.set_row(chosen_row, press == "on")
            case "only":
                pick.only(chosen_row)
                assert pick.is_only(chosen_row)
            case _:
                pick.set_files([FILES[number]], press == "file_on")
    assert pick.chosen <= set(FILES)
    handle, selection = pick.request()
    if not selection.paths:
        assert pick.chosen == (choose(FILES, quant=handle.quant) if pick.chosen else pick.chosen)
    else:
        assert selection.paths == pick.chosen
    assert any(row.kind is Kind.MODEL for row in pick.rows)
