import { changeLeaseContract } from '../contract/change-lease.contract.ts';
import { fakeLeases } from '../support/fake-leases.ts';
import { openRehearsalCluster } from '../support/rehearsal-cluster.ts';

changeLeaseContract('the fake', async () => fakeLeases());
changeLeaseContract('the rehearsal cluster', () => openRehearsalCluster());
