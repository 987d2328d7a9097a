//! Nothing lives here: the stories of the whole gateway are in `tests/it`, one file a promise.
