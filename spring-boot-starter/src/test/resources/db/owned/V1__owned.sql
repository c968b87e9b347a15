CREATE TABLE owned_by_flyway (id int PRIMARY KEY);
