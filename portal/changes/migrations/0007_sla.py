"""The index by which the SLA watch reads approvals, the nearest deadline first."""

from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("changes", "0006_parts"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddIndex(
            model_name="changerequest",
            index=models.Index(
                condition=models.Q(("sign_by__isnull", False), ("state", "in_review")),
                fields=["sign_by", "id"],
                name="change_sign_by",
            ),
        ),
    ]
