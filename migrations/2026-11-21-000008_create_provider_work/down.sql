DROP TABLE provider_work;
