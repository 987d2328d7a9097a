DROP TABLE entries;
DROP TABLE journals;
DROP FUNCTION refuse_unbalanced();
DROP FUNCTION refuse_change();
