"""What newer cores offer is in nobody's way on those that do not know it."""

import pytest

from harness.hcl import coverage


@pytest.mark.spine
def test_a_query_file_beside_the_configuration(workspace, sandbox, fleet, core):
    """A team's folder has one; older cores and OpenTofu pass it over, and use the same provider."""
    (workspace.directory / "find.tfquery.hcl").write_text(
        'list "mirror_coverage" "all" {\n  provider = mirror\n  config {\n  }\n}\n'
    )
    workspace.configure(sandbox.provider(), coverage(fleet))
    workspace.run("validate").succeed()
    workspace.apply()
    assert {session.interface for session in sandbox.sessions()} == fleet.tagged_interfaces()
    schema = workspace.run("providers", "schema", "-json").succeed().stdout
    for section in ("list_resource_schemas", "action_schemas"):
        assert (section in schema) == core.has("query"), section
    workspace.destroy()
    assert sandbox.sessions() == []
