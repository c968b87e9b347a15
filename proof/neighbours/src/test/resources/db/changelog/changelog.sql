--liquibase formatted sql

--changeset pgheal:1
CREATE TABLE migrated_by_liquibase (n int);
