DROP TABLE delivery_tries;
DROP TABLE deliveries;
DROP TABLE events;
DROP TABLE webhook_endpoints;
