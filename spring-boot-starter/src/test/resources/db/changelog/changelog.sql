--liquibase formatted sql
--changeset app:1
CREATE TABLE migrated_by_liquibase (id int PRIMARY KEY);
