"""What the name of a frame or cine tells: the patient, the apical view and the phase, as in patient0001_4CH_ED."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache

from EchoSynthLib.anatomy.views import FOUR_CHAMBER, TWO_CHAMBER, VIEWS, Capability, View, taken_view
from EchoSynthLib.errors import InputError

_GAP = r"[\s_.\-]*"
_VIEW_OF = {"2": TWO_CHAMBER, "two": TWO_CHAMBER, "4": FOUR_CHAMBER, "four": FOUR_CHAMBER}
_VIEW = rf"(?:a(?:p(?:ical)?)?{_GAP})?(?P<number>2|4|two|four){_GAP}(?:ch?|chambers?)"
_PHASE = rf"(?P<ED>ed|end{_GAP}diastol(?:e|ic)|diastol(?:e|ic))|(?P<ES>es|end{_GAP}systol(?:e|ic)|systol(?:e|ic))"
# A word of its own: neither 4chest nor cast2c tells a view.
_VIEW_WORD = re.compile(rf"(?<![^\W_]){_VIEW}(?![^\W_])", re.IGNORECASE)
_PHASE_WORD = re.compile(rf"(?<![^\W_])(?:{_PHASE})(?![^\W_])", re.IGNORECASE)
# As short as somebody's initials, or a word of every day.
_NO_WORDS_FOR_VIEWS = {"SC", "SC4C", "SC 4CH", "PLA", "other"}
_OTHERS = [
    name
    for view in VIEWS
    if view not in (TWO_CHAMBER, FOUR_CHAMBER)
    for name in (view.name, view.long_name, *view.spellings)
    if name not in _NO_WORDS_FOR_VIEWS
]


@cache
def _word_of(names: tuple[str, ...]) -> re.Pattern[str]:
    """One of the names as a word of its own, whatever stands between its parts."""
    spelled = "|".join(_GAP.join(re.findall("[0-9A-Za-z]+", name)) for name in names)
    return re.compile(rf"(?<![^\W_])(?:{spelled})(?![^\W_])", re.IGNORECASE)


_OTHER_WORD = _word_of((*_OTHERS, "PSAX", "SAX"))
_SEPARATORS = " \t_.-,;([{"


@dataclass(frozen=True)
class ClipName:
    """What a name tells; '' where it does not.

    Attributes:
        patient: what stands before view and phase, without the separators between them.
        view: '2CH' or '4CH', or another one that was asked for.
        phase: 'ED' or 'ES'.
    """

    patient: str = ""
    view: str = ""
    phase: str = ""


def told_by_name(name: str, also: Iterable[View] = ()) -> ClipName:
    """Patient, view and phase in a name such as patient0001_4CH_ED, 'Doe A4C end-systole' or 2CH.

    The last word for a view counts; a phase counts beside the view or at the end of the name, for ED may be somebody's
    initials elsewhere. A name that tells neither tells no patient, for nothing says where the patient's part would end.

    Args:
        name: without the ending of the file.
        also: views beside 2CH and 4CH that are looked for where the name tells neither of these.
    """
    views, phases = list(_VIEW_WORD.finditer(name)), list(_PHASE_WORD.finditer(name))
    for other in () if views else also:
        found = list(_word_of((other.name, other.long_name, *other.spellings)).finditer(name))
        if found:
            return _told(name, found[-1], other.name, phases)
    view = views[-1] if views else None
    return _told(name, view, "" if view is None else _VIEW_OF[view["number"].lower()].name, phases)


def _told(name: str, view: re.Match[str] | None, called: str, phases: Sequence[re.Match[str]]) -> ClipName:
    phase = next((found for found in reversed(phases) if _counts(found, view, name)), None)
    if view is None and phase is None:
        return ClipName()
    start = min(found.start() for found in (view, phase) if found is not None)
    return ClipName(
        patient=name[:start].strip(_SEPARATORS),
        view=called,
        phase="" if phase is None else str(phase.lastgroup),
    )


def name_of_cine(name: str) -> str:
    """The name of a cine that is made from the frame of this name: the frame's phase in it is no longer that of a file.

    x_4CH_ED becomes x_4CH_fromED, which tells the view alone; what tells no phase stays as it is.
    """
    views, phases = list(_VIEW_WORD.finditer(name)), list(_PHASE_WORD.finditer(name))
    for phase in reversed(phases):
        if _counts(phase, views[-1] if views else None, name):
            word = re.sub(r"[\W_]", "", phase.group())
            name = f"{name[: phase.start()]}from{word}{name[phase.end() :]}"
    return name


def untaken_view(name: str) -> str:
    """The word in a name for a view other than '2CH' and '4CH', such as PLAX; '' where there is none."""
    found = _OTHER_WORD.search(name)
    return "" if found is None else found.group()


def check_named_view(name: str, capability: Capability) -> None:
    """Whether something takes the view that a name tells, where nobody gives another one.

    Raises:
        InputError: it does not; in the words in which `taken_view` refuses a view that is given.
    """
    word = untaken_view(name)
    if not word:
        return
    try:
        taken_view(word, capability)
    except InputError as error:
        raise InputError(
            f"The name {name} tells the view {word!r}. {error} Rename it if it shows one of these, or give the view."
        ) from error


def doubt_of_named_view(name: str, capability: Capability) -> list[str]:
    """The same as a warning, where no view can be given."""
    word = untaken_view(name)
    try:
        check_named_view(name, capability)
    except InputError as error:
        return [f"its name tells the view {word!r}: {error.__cause__}"]
    return []


def contradictions(name: str) -> list[str]:
    """What a name tells twice and not alike, as in patient0001_4CH_2CH_ED, in words; see `told_by_name`."""
    told = told_by_name(name)
    views, phases = list(_VIEW_WORD.finditer(name)), list(_PHASE_WORD.finditer(name))
    seen = [_VIEW_OF[view["number"].lower()].name for view in views]
    timed = [str(phase.lastgroup) for phase in phases if _counts(phase, views[-1] if views else None, name)]
    both = (("views", seen, told.view), ("phases", timed, told.phase))
    return [
        f"its name tells two {what}, {' and '.join(sorted(set(found)))}; taken was {taken}"
        for what, found, taken in both
        if len(set(found)) > 1
    ]


def name_without_patient(name: str, patient: Iterable[str] = ()) -> str:
    """A name without the patient's part: patient0001_4CH_ED becomes 4CH_ED; '' where nothing else is left.

    Args:
        name: without the ending of the file.
        patient: names and numbers of the patient that the file itself tells, whose words are left out, too.
    """
    told = told_by_name(name, also=VIEWS).patient
    left = name[name.index(told) + len(told) :] if told else name
    for word in {word for text in patient for word in re.findall(r"[^\W_]+", text) if len(word) > 1}:
        left = re.sub(rf"(?<![^\W_]){re.escape(word)}(?![^\W_])", "", left, flags=re.IGNORECASE)
    return re.sub(r"([ _.\-])[ _.\-]+", r"\1", left).strip(_SEPARATORS)


def same_patient(one: str, other: str) -> bool:
    """Whether two names of patients are one, as they are written now with capitals and now without."""
    return one.casefold() == other.casefold()


def _counts(phase: re.Match[str], view: re.Match[str] | None, name: str) -> bool:
    between = [name[phase.end() :]] if view is None else [name[phase.end() :], *_beside(phase, view, name)]
    return any(not gap.strip(_SEPARATORS) for gap in between)


def _beside(phase: re.Match[str], view: re.Match[str], name: str) -> list[str]:
    return [name[view.end() : phase.start()]] if view.end() <= phase.start() else [name[phase.end() : view.start()]]
