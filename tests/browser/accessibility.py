"""axe on a page: what a blind or a keyboard user could not use."""

from pathlib import Path

from playwright.sync_api import Page

AXE = Path(__file__).parents[2] / "web" / "node_modules" / "axe-core" / "axe.min.js"
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]


def assert_accessible(page: Page, *, without: tuple[str, ...] = ()) -> None:
    """Fail on violations of WCAG 2.2 AA that axe calls serious or critical."""
    # Through the debugger, past the page's own policy, which allows no script from elsewhere.
    page.evaluate(AXE.read_text())
    found = page.evaluate(
        """async ([tags, without]) => {
          const where = { include: [['html']], exclude: without.map(one => [one]) };
          const { violations } = await axe.run(where, { runOnly: { type: 'tag', values: tags } });
          return violations
            .filter(one => ['serious', 'critical'].includes(one.impact))
            .map(one => `${one.id}: ${one.nodes.slice(0, 3).map(node => node.html).join(' | ')}`);
        }""",
        [RULES, list(without)],
    )
    assert not found, "\n".join(found)
