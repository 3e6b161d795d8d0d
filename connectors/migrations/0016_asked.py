"""How long a server itself asked to be left alone, when it answered again, and when it was last taken for."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("connectors", "0015_sla"),
    ]

    operations = [
        migrations.AddField(
            model_name="serverstate",
            name="asked_until",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="serverstate",
            name="closed_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="serverstate",
            name="taken_at",
            field=models.DateTimeField(null=True),
        ),
    ]
