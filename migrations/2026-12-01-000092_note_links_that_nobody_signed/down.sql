SET LOCAL lock_timeout = '2s';

DROP TRIGGER note_unsigned_link ON orders;
DROP FUNCTION note_unsigned_link();
