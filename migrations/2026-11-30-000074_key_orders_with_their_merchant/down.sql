DROP INDEX CONCURRENTLY orders_of_merchant;
