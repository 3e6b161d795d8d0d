"""The environments that an agent may call in; the same names as the stages of a release."""

ENVIRONMENTS = ("dev", "staging", "canary", "prod")
CHOICES = [(one, one) for one in ENVIRONMENTS]
