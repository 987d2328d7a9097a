//! Money: late, twice, too much or too little, on its way back, and after any mix of all that; the books add up.

mod books_balance;
mod money_goes_back;
mod paid_late;
mod paid_twice;
mod receipts_are_told;
mod refunded_by_provider;
mod wrong_amount_goes_to_review;
