"""Which functions, operators and types untrusted SQL may name.

Listed is what computes a value from its arguments alone: no file, network, setting, catalogue, variable, sequence or
process, and nothing random. What may grow its result without bound (`repeat`, `lpad`, `range`, `format`) is listed
apart and takes small literal sizes only. Names are DuckDB's, lower case, as its own parser reports them.
"""


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


OPERATORS = _names("+ - * / // % ^ ** || ~~ !~~ ~~* !~~* ~~~ ~ & | << >> @ ^@ && @> <@ <-> <=> ->> !__postfix")
"""Operators that DuckDB's parser reports as functions (`~~` is LIKE, `~~~` is GLOB)."""

_TEXT = """
    ascii base64 bit_count bit_length char_length character_length chr concat concat_ws contains damerau_levenshtein
    decode editdist3 encode ends_with format_bytes from_base64 from_binary from_hex hamming hash hex ilike_escape instr
    jaccard jaro_similarity jaro_winkler_similarity lcase left left_grapheme length length_grapheme levenshtein
    like_escape lower ltrim md5 md5_number mismatches nfc_normalize not_ilike_escape not_like_escape octet_length ord
    overlay parse_dirname parse_dirpath parse_filename parse_path position prefix regexp_escape regexp_extract
    regexp_extract_all regexp_full_match regexp_matches regexp_replace regexp_split_to_array
    replace reverse right right_grapheme rtrim sha1 sha256 split split_part starts_with str_split str_split_regex
    string_split string_split_regex string_to_array strip_accents strlen strpos substr substring substring_grapheme
    suffix to_base64 to_binary to_hex translate trim ucase unbin unhex unicode upper url_decode url_encode
"""
_NUMBERS = """
    abs acos acosh add asin asinh atan atan2 atanh cbrt ceil ceiling cos cosh cot degrees divide even exp factorial
    fdiv floor fmod gamma gcd greatest greatest_common_divisor isfinite isinf isnan lcm least least_common_multiple
    lgamma ln log log10 log2 mod multiply nextafter pi pow power radians round round_even roundbankers sign signbit sin
    sinh sqrt subtract tan tanh trunc xor equi_width_bins binom
"""
_DATES = """
    age century date_add date_diff date_part date_sub date_trunc datediff datepart datesub datetrunc day dayname
    dayofmonth dayofweek dayofyear days_in_month decade epoch epoch_ms epoch_ns epoch_us era hour isodow isoyear julian
    last_day make_date make_time make_timestamp make_timestamp_ms make_timestamp_ns make_timestamptz microsecond
    millennium millisecond minute month monthname nanosecond normalized_interval quarter second strftime strptime
    time_bucket timezone timezone_hour timezone_minute to_centuries to_days to_decades to_hours to_microseconds
    to_millennia to_milliseconds to_minutes to_months to_quarters to_seconds to_timestamp to_weeks to_years try_strptime
    week weekday weekofyear year yearweek
"""
_NESTED = """
    array_append array_apply array_cat array_concat array_contains array_cosine_distance array_cosine_similarity
    array_cross_product array_distance array_distinct array_dot_product array_extract array_filter array_grade_up
    array_has array_has_all array_has_any array_indexof array_inner_product array_intersect array_length
    array_pop_back array_pop_front array_position array_prepend array_push_back array_push_front array_reduce
    array_reverse array_reverse_sort array_select array_slice array_sort array_to_json array_to_string array_transform
    array_unique array_value array_where array_zip apply cardinality element_at filter flatten grade_up len
    list_any_value list_append list_apply list_avg list_bit_and list_bit_or list_bit_xor list_bool_and list_bool_or
    list_cat
    list_concat list_contains list_cosine_distance list_cosine_similarity list_count list_distance list_distinct
    list_dot_product list_element list_entropy list_extract list_filter list_first list_grade_up list_has list_has_all
    list_has_any list_histogram list_indexof list_inner_product list_intersect list_kurtosis list_last list_mad list_max
    list_median list_min list_mode list_pack list_position list_prepend list_product list_reduce list_reverse
    list_reverse_sort list_select list_skewness list_slice list_sort list_stddev_pop list_stddev_samp list_string_agg
    list_sum list_transform list_unique list_value list_var_pop list_var_samp list_where list_zip map map_concat
    map_contains map_contains_entry map_contains_value map_entries map_extract map_extract_value map_from_entries
    map_keys map_values reduce remap_struct row struct_concat struct_contains struct_extract struct_extract_at
    struct_has struct_indexof struct_insert struct_keys struct_pack struct_position struct_update struct_values
    union_extract union_tag union_value
"""
_JSON = """
    from_json from_json_strict json json_array json_array_length json_contains json_deep_merge json_exists json_extract
    json_extract_path json_extract_path_text json_extract_string json_insert json_keys json_merge_patch json_normalize
    json_object json_pretty json_quote json_remove json_replace json_set json_strip_nulls json_structure json_transform
    json_transform_strict json_type json_valid json_value row_to_json to_json
"""
_GENERAL = "coalesce greatest if ifnull is_histogram_other_bin least nullif pg_typeof switch try typeof"

SCALARS = _names(f"{_TEXT} {_NUMBERS} {_DATES} {_NESTED} {_JSON} {_GENERAL}")
"""Functions of one row."""

AGGREGATES = _names("""
    any_value approx_count_distinct arbitrary arg_max arg_max_null arg_max_nulls_last arg_min arg_min_null
    arg_min_nulls_last argmax argmin array_agg avg bit_and bit_or bit_xor bool_and bool_or corr count count_if
    count_star countif covar_pop covar_samp entropy favg first fsum geomean geometric_mean group_concat grouping
    grouping_id
    histogram histogram_exact json_group_array json_group_object json_group_structure kahan_sum kurtosis kurtosis_pop
    last list listagg mad max max_by mean median min min_by mode product quantile quantile_cont quantile_disc regr_avgx
    regr_avgy regr_count regr_intercept regr_r2 regr_slope regr_sxx regr_sxy regr_syy sem skewness stddev stddev_pop
    stddev_samp string_agg sum sum_no_overflow sumkahan var_pop var_samp variance wavg weighted_avg
    """)
"""Functions of many rows."""

WINDOWS = _names(
    "cume_dist dense_rank fill first_value lag last_value lead nth_value ntile percent_rank rank rank_dense row_number"
)
"""Functions of a window; any aggregate is one too."""

CLOCKS = _names(
    "ago current_localtime current_localtimestamp get_current_time get_current_timestamp now today "
    "transaction_timestamp current_date current_time current_timestamp localtime localtimestamp"
)
"""What reads the clock, as a function or as a bare word."""

SESSION_WORDS = _names("current_user session_user current_role current_catalog current_database current_schema")
"""Bare words that read the session."""

PADDED = {"repeat": 1, "lpad": 1, "rpad": 1}
"""Functions whose argument at this position is a size."""

PATTERNED = frozenset({"format", "printf"})
"""Functions whose first argument may ask for a width."""

SERIES = frozenset({"range", "generate_series"})
"""Functions that make as many values as their bounds say."""

ROW_MAKERS = frozenset({"unnest"})
"""Functions that change the number of rows: not in the expression of a column."""

TABLE_FUNCTIONS = SERIES | {"unnest"}
"""Functions that may stand in FROM."""

LAMBDA_TAKERS = frozenset(
    f"{kind}_{name}" for kind in ("list", "array") for name in ("apply", "filter", "reduce", "transform")
) | {"apply", "filter", "reduce"}
"""Functions that take a lambda."""

TYPES = _names("""
    any array bigint binary bit bitstring blob bool boolean bpchar bytea char character date datetime dec decimal
    double enum float float4 float8 hugeint int int1 int128 int16 int2 int32 int4 int64 int8 integer integral
    interval json
    list logical long map null numeric oid real row short signed smallint string struct text time time_ns timestamp
    timestamp_ms timestamp_ns timestamp_s timestamp_us timestamptz timetz tinyint ubigint uhugeint uint128 uint16 uint32
    uint64 uint8 uinteger union usmallint utinyint uuid varbinary varchar variant
    """) | {"time with time zone", "timestamp with time zone", "double precision"}
"""Types a value may be cast to."""
