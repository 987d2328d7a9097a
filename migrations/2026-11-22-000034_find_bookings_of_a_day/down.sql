DROP INDEX journals_of_merchant;
