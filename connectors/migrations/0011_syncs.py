"""The newest success of a data movement, found at once however many runs failed since."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("connectors", "0010_tools")]

    operations = [
        migrations.AddIndex(
            model_name="syncrun",
            index=models.Index(
                condition=models.Q(("state", "succeeded")),
                fields=["connector", "-started_at", "-id"],
                name="sync_run_success",
            ),
        ),
    ]
