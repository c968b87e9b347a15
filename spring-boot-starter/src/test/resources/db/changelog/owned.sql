--liquibase formatted sql
--changeset app:1
CREATE TABLE owned_by_liquibase (id int PRIMARY KEY);
