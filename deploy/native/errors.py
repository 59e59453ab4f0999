"""The one error that the command line shows as a sentence instead of a stack trace."""


class CannotGoOn(Exception):
    """Something outside our hands is missing or in the way.

    Parameters
    ----------
    problem : str
        One sentence: what is the matter.
    remedy : str
        One sentence: what the person can do about it.
    """

    def __init__(self, problem: str, remedy: str) -> None:
        super().__init__(f"{problem}\n{remedy}")
        self.problem = problem
        self.remedy = remedy
