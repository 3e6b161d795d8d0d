"""How long a server itself asked to be left alone."""

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
    ]
