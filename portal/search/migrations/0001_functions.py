from django.db import migrations

# Each stands alone (none calls another), so that a dump with indexes on them can be restored.
# Folding costs some microseconds a text, and a text of one byte a letter has nothing to fold. Not STRICT, for such a function of
# CASE would be called for each row instead of being written into the statement; of NULL it makes NULL all the same.
# Arabic letters that people write in several ways become one; the marks above and below letters go.
FOLDED = "translate(lower({words}), 'أإآٱىةًٌٍَُِّْـ', 'اااايه')"

FORWARD = f"""
CREATE FUNCTION search_text(words text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS $$ SELECT CASE WHEN octet_length(words) = char_length(words) THEN lower(words) ELSE {FOLDED.format(words="words")} END $$;

CREATE FUNCTION search_grams(words text) RETURNS text[] LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
AS $$
    SELECT coalesce(array_agg(DISTINCT gram), ARRAY[]::text[])
    FROM (SELECT {FOLDED.format(words="words")} AS folded) AS told,
         generate_series(1, length(folded) - 2) AS at,
         substr(folded, at, 3) AS gram
    WHERE gram !~ '\\s'
$$;

CREATE FUNCTION search_keys(words text) RETURNS text[] LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
AS $$
    SELECT coalesce(array_agg(DISTINCT key), ARRAY[]::text[])
    FROM regexp_split_to_table({FOLDED.format(words="words")}, '\\s+') AS word,
         unnest(ARRAY[left(word, 3), right(word, 3)]) AS key
    WHERE length(word) >= 3
$$;
"""
BACKWARD = "DROP FUNCTION search_keys(text); DROP FUNCTION search_grams(text); DROP FUNCTION search_text(text);"


class Migration(migrations.Migration):
    initial = True
    dependencies = []
    operations = [migrations.RunSQL(FORWARD, BACKWARD)]
