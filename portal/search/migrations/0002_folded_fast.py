from django.db import migrations

# As 0001 makes it now, for databases that it has made before. What it gives is the same for every text, so that indexes over it stay
# right; a connection that was open before knows them by the old function and does not use them until it is opened anew.
FOLDED = "translate(lower(words), 'أإآٱىةًٌٍَُِّْـ', 'اااايه')"

FORWARD = f"""
CREATE OR REPLACE FUNCTION search_text(words text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS $$ SELECT CASE WHEN octet_length(words) = char_length(words) THEN lower(words) ELSE {FOLDED} END $$;
"""


class Migration(migrations.Migration):
    dependencies = [("search", "0001_functions")]
    operations = [migrations.RunSQL(FORWARD, migrations.RunSQL.noop)]
