DO $$
DECLARE
    of_table record;
BEGIN
    FOR of_table IN SELECT tablename, policyname FROM pg_policies WHERE schemaname = 'public'
    LOOP
        EXECUTE format('ALTER TABLE %I DISABLE ROW LEVEL SECURITY', of_table.tablename);
        EXECUTE format('DROP POLICY %I ON %I', of_table.policyname, of_table.tablename);
    END LOOP;
END
$$;
DROP FUNCTION sees_merchant(uuid);
DROP FUNCTION sees_every_merchant();
