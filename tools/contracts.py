"""An import contract that import-linter lacks: some inner modules of a container are private to their own package."""

from grimp import ImportGraph
from importlinter import Contract, ContractCheck, fields, output


class PrivateModulesContract(Contract):
    """`<container>.<package>.<private>` is imported by `<container>.<package>` and the allowed modules alone."""

    container = fields.StringField()
    private = fields.SetField(subfield=fields.StringField())
    allowed = fields.SetField(subfield=fields.StringField(), required=False, default=set())

    def check(self, graph: ImportGraph, verbose: bool) -> ContractCheck:  # noqa: ARG002 -- import-linter's signature
        """Find every import of a private module from outside its package."""
        container = str(self.container)
        private = {str(name) for name in self.private}  # type: ignore[attr-defined] # import-linter turns fields into values
        allowed = {str(name) for name in self.allowed}  # type: ignore[attr-defined] # as above
        broken: list[str] = []
        for module in sorted(graph.modules):
            parts = module.removeprefix(container + ".").split(".")
            if not module.startswith(container + ".") or len(parts) < 2 or parts[1] not in private:  # noqa: PLR2004 -- package.module
                continue
            home = f"{container}.{parts[0]}"
            importers = graph.find_modules_that_directly_import(module)
            broken += [
                f"{importer} -> {module}"
                for importer in sorted(importers)
                if importer != home and not importer.startswith(home + ".") and importer not in allowed
            ]
        return ContractCheck(kept=not broken, metadata={"broken": broken})

    def render_broken_contract(self, check: ContractCheck) -> None:
        """Name each import that reaches in, and where the rule comes from."""
        for line in check.metadata["broken"]:
            output.print_error(
                f"{line}: a domain's tables and rules are its own; ask its queries and operations (ADR 0001)"
            )
