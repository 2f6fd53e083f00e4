-- Why somebody wants the account that waits for approval, in the applicant's own words. Kept after the decision, as its
-- ground; an account that is closed takes it along.
create table application (user_nid bigint primary key, reason text not null);

-- Accounts that wait are few among many.
create index account_waiting on account (created_ts) where is_approved = 0;
