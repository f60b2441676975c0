from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("pricing_upstream", "0001_held_prices")]

    operations = [
        migrations.AlterModelOptions(
            "heldprice", {"ordering": ["-pk"], "verbose_name_plural": "prices to approve"}
        ),
    ]
