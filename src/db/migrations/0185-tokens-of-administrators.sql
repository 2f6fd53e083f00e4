-- The administrator to whom a token was given that acts as another user; null for tokens of their own.
alter table access_token add column opened_by bigint;
create index access_token_opened_by on access_token (opened_by) where opened_by is not null;
