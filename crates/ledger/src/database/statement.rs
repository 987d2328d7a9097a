//! A statement in SQL that the server parses and plans once for each connection. The query builder
//! has no word for a set of rows that is passed as arrays of columns, and what diesel calls
//! `sql_query` is parsed anew each time.

use std::borrow::Cow;

use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::serialize::ToSql;
use diesel::sql_types::{Array, HasSqlType, SingleValue, Untyped};

/// One value of a statement, of whatever type.
trait Bind: Send {
    fn push<'b>(&'b self, out: AstPass<'_, 'b, Pg>) -> QueryResult<()>;
}

struct Typed<S, T> {
    value: T,
    sql_type: std::marker::PhantomData<fn() -> S>,
}

impl<S, T> Bind for Typed<S, T>
where
    Pg: HasSqlType<S>,
    T: ToSql<S, Pg> + Send,
{
    fn push<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_bind_param::<S, T>(&self.value)
    }
}

/// A statement in a set, under its name.
pub(crate) type Named = (&'static str, Statement);

/// SQL with a `?` in the place of each value, in their order.
pub(crate) struct Statement {
    sql: Cow<'static, str>,
    binds: Vec<Box<dyn Bind>>,
}

impl Statement {
    /// Makes a statement whose values are added with [`Statement::bind`] and [`Statement::column`].
    pub(crate) const fn new(sql: &'static str) -> Self {
        Self {
            sql: Cow::Borrowed(sql),
            binds: Vec::new(),
        }
    }

    /// Makes a statement like [`Statement::new`] of a text that was put together; of few texts, since
    /// each is planned and kept.
    pub(crate) const fn of(sql: String) -> Self {
        Self {
            sql: Cow::Owned(sql),
            binds: Vec::new(),
        }
    }

    /// Joins several statements into one, done in one round trip. None sees what the others write; a
    /// later one may read an earlier `SELECT` under its name.
    pub(crate) fn together(all: Vec<Named>) -> Self {
        Self::ending(all, "SELECT")
    }

    /// Joins like [`Statement::together`], and returns what the statement of this name returns.
    pub(crate) fn telling(all: Vec<Named>, name: &str) -> Self {
        Self::ending(all, &format!("SELECT * FROM {name}"))
    }

    fn ending(all: Vec<Named>, end: &str) -> Self {
        let mut sql = String::new();
        let mut binds = Vec::new();
        for (name, one) in all {
            sql.push_str(if sql.is_empty() { "WITH " } else { ", " });
            sql.push_str(name);
            sql.push_str(" AS (");
            sql.push_str(&one.sql);
            sql.push(')');
            binds.extend(one.binds);
        }
        sql.push(' ');
        sql.push_str(end);
        Self {
            sql: Cow::Owned(sql),
            binds,
        }
    }

    /// Adds the next value.
    pub(crate) fn bind<S, T>(mut self, value: T) -> Self
    where
        S: 'static,
        Pg: HasSqlType<S>,
        T: ToSql<S, Pg> + Send + 'static,
    {
        self.binds.push(Box::new(Typed {
            value,
            sql_type: std::marker::PhantomData::<fn() -> S>,
        }));
        self
    }

    /// Adds one column of a set of rows as the next value, as an array.
    pub(crate) fn column<S, T>(self, values: impl Iterator<Item = T>) -> Self
    where
        S: SingleValue + 'static,
        Pg: HasSqlType<S> + HasSqlType<Array<S>>,
        T: Send + 'static,
        Vec<T>: ToSql<Array<S>, Pg>,
    {
        self.bind::<Array<S>, _>(values.collect::<Vec<T>>())
    }
}

impl QueryFragment<Pg> for Statement {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        let mut binds = self.binds.iter();
        let mut pieces = self.sql.split('?');
        if let Some(first) = pieces.next() {
            out.push_sql(first);
        }
        for piece in pieces {
            let bind = binds.next().ok_or_else(|| {
                diesel::result::Error::QueryBuilderError("a statement lacks a value".into())
            })?;
            bind.push(out.reborrow())?;
            out.push_sql(piece);
        }
        Ok(())
    }
}

/// Its prepared form is kept under its text.
impl QueryId for Statement {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl Query for Statement {
    type SqlType = Untyped;
}

impl<C> RunQueryDsl<C> for Statement {}
