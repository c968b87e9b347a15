CREATE TABLE migrated_by_flyway (id int PRIMARY KEY);
