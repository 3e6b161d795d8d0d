from django.db import migrations

# Folding Arabic letters costs some microseconds a text, in the middle of a comparison with thousands of rows, and a text of one byte a
# letter has none. Not STRICT, for such a function of CASE would be called instead of being written into the statement; what it
# gives is the same for every text and for NULL, so that the indexes over it stay right.
FOLDED = "translate(lower(words), 'أإآٱىةًٌٍَُِّْـ', 'اااايه')"

FORWARD = f"""
CREATE OR REPLACE FUNCTION search_text(words text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS $$ SELECT CASE WHEN octet_length(words) = char_length(words) THEN lower(words) ELSE {FOLDED} END $$;
"""
BACKWARD = f"""
CREATE OR REPLACE FUNCTION search_text(words text) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
AS $$ SELECT {FOLDED} $$;
"""


class Migration(migrations.Migration):
    dependencies = [("search", "0001_functions")]
    operations = [migrations.RunSQL(FORWARD, BACKWARD)]
