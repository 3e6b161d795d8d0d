"""The subjects of notices in the language of whoever reads them.

They are written in English, as webhooks and the API tell them; whoever wrote one knows how it reads in another language.
"""

from collections.abc import Callable

from django.conf import settings
from django.utils.module_loading import import_string


def subject_words(topic: str, subject: str) -> str:
    """The subject of an event of this topic, in the language that is active; as it is, where nobody knows better."""
    words = settings.SUBJECT_WORDS.get(topic.partition(".")[0])
    if words is None:
        return subject
    told: Callable[[str], str] = import_string(words)
    return told(subject)
