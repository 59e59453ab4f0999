"""While a part hangs, one asker goes on waiting for it, and nobody else."""

from contextlib import AbstractContextManager, ExitStack, suppress

import pytest

from auth_service.errors import Unavailable
from auth_service.reach import FEW, HANGS_AFTER, Questions


class Timer:
    """A clock that is moved by hand."""

    now = 100.0

    def __call__(self) -> float:
        """Return the time."""
        return self.now


@pytest.fixture
def timer() -> Timer:
    return Timer()


@pytest.fixture
def questions(timer: Timer) -> Questions:
    return Questions("orthanc", timer)


def asking(questions: Questions) -> AbstractContextManager[None]:
    return questions.asking(TimeoutError)


def waiting(questions: Questions, count: int) -> ExitStack:
    """Have some questions wait until the stack is closed, which then are answered."""
    stack = ExitStack()
    for _ in range(count):
        stack.enter_context(asking(questions))
    return stack


def silent(questions: Questions) -> None:
    """Have one question end without an answer."""
    with suppress(TimeoutError), asking(questions):
        raise TimeoutError


def refused(questions: Questions) -> bool:
    try:
        with asking(questions):
            return False
    except Unavailable as error:
        return error.reason == "orthanc"


def test_when_several_wait_and_none_is_answered_nobody_else_asks(timer: Timer, questions: Questions) -> None:
    with waiting(questions, FEW):
        timer.now += HANGS_AFTER
        assert not refused(questions)  # and this one is answered
        timer.now += HANGS_AFTER + 0.1
        assert refused(questions)
    assert not refused(questions)


def test_one_slow_question_holds_nobody_up(timer: Timer, questions: Questions) -> None:
    with waiting(questions, FEW - 1):
        timer.now += 60
        assert not refused(questions)


def test_slow_questions_are_no_silence_while_others_are_answered(timer: Timer, questions: Questions) -> None:
    with waiting(questions, 2 * FEW):
        for _ in range(30):
            timer.now += HANGS_AFTER / 2
            assert not refused(questions)


def test_after_a_silence_one_at_a_time_finds_out(timer: Timer, questions: Questions) -> None:
    silent(questions)
    with asking(questions):
        assert refused(questions)
        timer.now += 5
        assert refused(questions)
    assert not refused(questions)
    with waiting(questions, FEW):
        assert not refused(questions)


def test_silence_ends_with_any_answer_even_to_somebody_who_began_before_it(
    timer: Timer, questions: Questions
) -> None:
    with waiting(questions, 1):
        timer.now += 1
        silent(questions)
        assert refused(questions)
    with waiting(questions, 1):
        assert not refused(questions)


def test_question_that_ends_in_silence_is_none_where_another_was_answered_meanwhile(
    timer: Timer, questions: Questions
) -> None:
    with suppress(TimeoutError), asking(questions):
        timer.now += 5
        assert not refused(questions)
        timer.now += 5
        raise TimeoutError
    with waiting(questions, 1):
        assert not refused(questions)


def test_mistake_of_ours_is_no_silence(timer: Timer, questions: Questions) -> None:
    with pytest.raises(ValueError, match="ours"), asking(questions):
        raise ValueError("ours")
    with waiting(questions, 1):
        timer.now += 1
        assert not refused(questions)
