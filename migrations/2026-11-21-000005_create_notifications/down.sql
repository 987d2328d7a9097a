DROP TABLE snap_tokens;
DROP TABLE rejected_notifications;
DROP TABLE notifications;
