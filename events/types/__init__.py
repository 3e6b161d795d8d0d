"""Types of events for programs, generated from the files of a repository by tools of others. Pure but for those tools.

A schema goes through three hands: `plain` keeps of it what a type can say, `generators` calls the tool, and `guard` looks whether
what came back is types and nothing else.
"""

from events.types.generators import LANGUAGES, GeneratorFailed, Language, MissingTool, generated, write

__all__ = ["LANGUAGES", "GeneratorFailed", "Language", "MissingTool", "generated", "write"]
