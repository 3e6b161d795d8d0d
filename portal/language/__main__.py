"""`python -m portal.language`: bring the catalogues up to date with the code, compile them, and say what lacks a translation."""

import os
import sys

import django
from django.conf import settings

from portal.language import catalogue


def main() -> int:
    """Write `.po` and `.mo` of every language; 1 if one of them is not whole."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
    django.setup()
    lacking = 0
    for language, _name in settings.LANGUAGES:
        if language == settings.LANGUAGE_CODE:
            continue
        whole = catalogue.merged(language)
        catalogue.path_of(language).write_bytes(catalogue.text_of(whole))
        catalogue.path_of(language, "mo").write_bytes(catalogue.compiled(language))
        for message in whole:
            for wrong in catalogue.wrong_with(message) if message.id else ():
                lacking += 1
                sys.stderr.write(f"{language}: {message.id!r} {wrong}\n")
    return int(lacking > 0)


if __name__ == "__main__":
    sys.exit(main())
