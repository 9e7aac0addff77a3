"""Older tables are brought up to date with what they hold; newer ones are left alone."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from made import assert_same, at, bulletin, kept, later, report

from hydria_plugin import StoreError
from hydria_plugin.stores import migrations, sql_engine, sql_tables
from hydria_plugin.stores.sql import SqlStore

VERSIONS = Path(migrations.__file__).parent / "versions"


def engine_of(url: str) -> sa.Engine:
    return sql_engine.open_engine(sql_engine.address(url, Path()))


def migrate(url: str, to: str) -> None:
    engine = engine_of(url)
    with sql_engine.transaction(engine, "to migrate", writes=True) as connection:
        migrations.migrate(connection, url, to)
    engine.dispose()


def run(url: str, *statements: str) -> None:
    engine = engine_of(url)
    with sql_engine.transaction(engine, "to prepare", writes=True) as connection:
        for statement in statements:
            connection.execute(sa.text(statement))
    engine.dispose()


def names(url: str) -> set[str]:
    engine = engine_of(url)
    found = set(sa.inspect(engine).get_table_names())
    engine.dispose()
    return found


def test_the_migrations_make_the_tables_that_the_code_uses(sql_url: str) -> None:
    SqlStore(sql_url).close()
    engine = engine_of(sql_url)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"version_table": sql_tables.VERSION_TABLE})
        assert compare_metadata(context, sql_tables.metadata) == []
    engine.dispose()
    assert all(name.startswith("hydria_") for name in names(sql_url))


def test_head_is_the_newest_file() -> None:
    assert sorted(path.name for path in VERSIONS.glob("0*.py"))[-1].startswith(sql_tables.HEAD)


def test_a_store_of_an_older_version_is_brought_up_to_date_with_what_it_holds(sql_url: str) -> None:
    SqlStore(sql_url).close()
    store = SqlStore(sql_url)
    put = bulletin(0)
    store.put(put, ("csv",))
    store.close()
    run(sql_url, "DROP TABLE hydria_report", "UPDATE hydria_schema SET version_num = '0001'")  # as 0001 left it
    assert "hydria_report" not in names(sql_url)
    store = SqlStore(sql_url)
    assert_same(store.bulletin("p", at(0)), kept(put))
    store.put_reports("p", at(0), 0, [report()], ("csv",))
    assert len(store.undelivered("p", "csv", later(1))) == 2
    store.close()


def test_the_first_revision_can_be_made_and_left_by_itself(sql_url: str) -> None:
    migrate(sql_url, "0001")
    assert "hydria_report" not in names(sql_url)
    migrate(sql_url, sql_tables.HEAD)
    assert "hydria_report" in names(sql_url)


def test_a_newer_store_is_refused_and_left_as_it_is(sql_url: str) -> None:
    SqlStore(sql_url).close()
    run(sql_url, "UPDATE hydria_schema SET version_num = '9999'")
    with pytest.raises(StoreError, match=r"schema '9999', this version knows 0001, 0002: a newer hydria-plugin wrote"):
        SqlStore(sql_url)
    run(sql_url, "UPDATE hydria_schema SET version_num = '0002'")
    SqlStore(sql_url).close()


def test_a_migration_that_fails_half_way_leaves_nothing(sql_url: str) -> None:
    run(sql_url, "CREATE TABLE hydria_outbox (other INTEGER)")  # in the way of the last table of 0001
    with pytest.raises(StoreError, match="to bring its tables up to date"):
        SqlStore(sql_url)
    assert names(sql_url) == {"hydria_outbox"}


def test_the_hosts_own_tables_and_its_own_alembic_are_left_alone(sql_url: str) -> None:
    run(sql_url, "CREATE TABLE alembic_version (version_num VARCHAR(32))", "CREATE TABLE station (id INTEGER)")
    run(sql_url, "INSERT INTO alembic_version VALUES ('host')", "INSERT INTO station VALUES (7)")
    SqlStore(sql_url).close()
    engine = engine_of(sql_url)
    with engine.connect() as connection:
        assert connection.execute(sa.text("SELECT version_num FROM alembic_version")).scalar() == "host"
        assert connection.execute(sa.text("SELECT id FROM station")).scalar() == 7
    engine.dispose()


def test_opening_one_that_is_up_to_date_does_not_import_alembic(tmp_path: Path) -> None:
    import subprocess
    import sys

    url = f"sqlite:///{tmp_path / 'hydria.db'}"
    SqlStore(url).close()
    script = (
        f"import sys; from hydria_plugin.stores.sql import SqlStore; SqlStore({url!r}); print('alembic' in sys.modules)"
    )
    root = Path(__file__).resolve().parents[2]
    said = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=root)
    assert said.stdout == "False\n"


@pytest.mark.parametrize("path", sorted(VERSIONS.glob("0*.py")), ids=lambda p: p.name)
def test_a_migration_imports_nothing_of_ours(path: Path) -> None:
    """What is written today must run unchanged when the code around it has moved on."""
    nodes = [n for n in ast.walk(ast.parse(path.read_text())) if isinstance(n, ast.Import | ast.ImportFrom)]
    modules = {(n.module or "") if isinstance(n, ast.ImportFrom) else n.names[0].name for n in nodes}
    assert modules <= {"__future__", "typing", "sqlalchemy", "alembic"}
