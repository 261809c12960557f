"""Other people's FHIR clients against the running house."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest
from filelock import FileLock

pytestmark = pytest.mark.peer

NODE_PACKAGES = Path(__file__).parents[2] / ".cache/peers"
NODE_CLIENT = "fhir-kit-client@1.9.2"

SCRIPT = """
const Client = require('fhir-kit-client');
(async () => {
  const client = new Client({ baseUrl: process.argv[1], bearerToken: process.argv[2] });
  const capabilities = await client.capabilityStatement();
  const made = await client.create({ resourceType: 'Patient', body: {
    resourceType: 'Patient', name: [{ family: 'Kit', given: ['Node'] }] } });
  const read = await client.read({ resourceType: 'Patient', id: made.id });
  const second = await client.update({ resourceType: 'Patient', id: made.id,
    body: { ...read, gender: 'other' } });
  const patched = await client.patch({ resourceType: 'Patient', id: made.id,
    JSONPatch: [{ op: 'replace', path: '/gender', value: 'unknown' }] });
  const found = await client.search({ resourceType: 'Patient', searchParams: { _id: made.id } });
  const history = await client.history({ resourceType: 'Patient', id: made.id });
  const answer = await client.transaction({ body: { resourceType: 'Bundle', type: 'transaction',
    entry: [{ resource: { resourceType: 'Organization', name: 'Kit' },
              request: { method: 'POST', url: 'Organization' } }] } });
  let refused = 0;
  try { await client.search({ resourceType: 'Patient', searchParams: { sausage: 1 } }); }
  catch (error) { refused = error.response.status; }
  await client.delete({ resourceType: 'Patient', id: made.id });
  console.log(JSON.stringify({ kind: capabilities.resourceType, version: second.meta.versionId,
    gender: patched.gender, found: found.entry.length, history: history.entry.length,
    answer: answer.entry[0].response.status, refused }));
})().catch((error) => { console.error(error); process.exit(1); });
"""


class TestFhirclient:
    """SMART's Python client, with its own models."""

    @pytest.fixture
    def smart(self, served):
        client = pytest.importorskip("fhirclient.client")
        smart = client.FHIRClient(settings={"app_id": "peer", "api_base": f"{served.url}/fhir"})
        token = served.token("administrator", "physician", "integrator")
        smart.server.session.headers["Authorization"] = f"Bearer {token}"
        return smart

    def test_writes_and_finds(self, smart):
        from fhirclient.models.humanname import HumanName
        from fhirclient.models.observation import Observation
        from fhirclient.models.patient import Patient

        patient = Patient()
        name = HumanName()
        name.family, name.given = "Smart", ["Py"]
        patient.name = [name]
        made = patient.create(smart.server)
        id_ = made["id"]
        again = Patient.read(id_, smart.server)
        assert again.name[0].family == "Smart"
        observation = Observation(
            {
                "resourceType": "Observation",
                "status": "final",
                "code": {"coding": [{"system": "http://loinc.org", "code": "8867-4"}]},
                "subject": {"reference": f"Patient/{id_}"},
                "effectiveDateTime": "2024-05-01T10:00:00+02:00",
                "valueQuantity": {"value": 62, "unit": "/min"},
            }
        )
        observation.create(smart.server)
        search = Observation.where({"subject": f"Patient/{id_}", "code": "8867-4"})
        [found] = search.perform_resources(smart.server)
        assert found.valueQuantity.value == 62
        again.gender = "female"
        assert again.update(smart.server)["meta"]["versionId"] == "2"
        again.delete(smart.server)


@pytest.fixture(scope="module")
def node_packages():
    """A folder with fhir-kit-client, got by npm once; skips where that cannot be."""
    if shutil.which("npm") is None:
        pytest.skip("npm is not here")
    NODE_PACKAGES.mkdir(parents=True, exist_ok=True)
    with FileLock(NODE_PACKAGES / "lock"):
        if not (NODE_PACKAGES / "node_modules/fhir-kit-client").exists():
            command = ["npm", "install", "--no-save", "--no-audit", "--no-fund", NODE_CLIENT]
            done = subprocess.run(
                [*command, "--prefix", str(NODE_PACKAGES)],
                capture_output=True,
                text=True,
                check=False,
            )
            if done.returncode != 0:
                pytest.skip("npm cannot get fhir-kit-client here")
    return NODE_PACKAGES


def test_fhir_kit_client(served, node_packages):
    token = served.token("administrator", "physician", "integrator")
    done = subprocess.run(
        ["node", "-e", SCRIPT, f"{served.url}/fhir", token],
        cwd=node_packages,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {
        "kind": "CapabilityStatement",
        "version": "2",
        "gender": "unknown",
        "found": 1,
        "history": 3,
        "answer": "201 Created",
        "refused": 400,
    }
