SET LOCAL lock_timeout = '2s';

DROP INDEX events_of_merchant;
DROP TABLE redeliveries;
