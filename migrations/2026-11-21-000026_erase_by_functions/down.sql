DROP FUNCTION skip_account_numbers(bigint), erase_event_texts(uuid, text),
    erase_order_texts(uuid, text[]), refuse_unless_eraser();
