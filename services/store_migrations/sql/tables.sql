-- Every table of the store, as a statement names it.

SELECT format('%I.%I', schemaname, tablename) FROM pg_tables WHERE schemaname = 'store';
