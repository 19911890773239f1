// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';

import type { Member } from '../protocol/messages.gen';
import { CHAIR, province, room, THREE_ROOMS } from '../testing/fixtures';
import { groupCounts, rosterGroups, searchKey } from './roster';

const byId = (members: readonly Member[]) => new Map(members.map((member) => [member.id, member]));
const shape = (members: readonly Member[], text = '', only: ReadonlySet<string> | null = null) =>
  rosterGroups(byId(members), { text, only }).map(({ key, members: inside }) => [
    key,
    ...inside.map(({ id }) => id),
  ]);

describe('the roster', () => {
  it('reads from the people and the province to districts and their communes', () => {
    expect(shape([CHAIR, ...THREE_ROOMS])).toEqual([
      ['people', 'chair'],
      ['province', '64'],
      ['622', '622', '23557'],
    ]);
  });

  it('puts a district first, even where its communes came before it', () => {
    const [hall, district, commune] = THREE_ROOMS as [Member, Member, Member];
    expect(shape([commune, district, hall])).toContainEqual(['622', '622', '23557']);
  });

  it('names the district of communes that is not in the meeting itself', () => {
    const communes = [
      room('9', { parent: '630', parent_name: 'Huyện Kông Chro' }),
      room('8', { parent: '630', parent_name: 'Huyện Kông Chro' }),
    ];
    expect(rosterGroups(byId(communes))).toMatchObject([
      { key: '630', kind: 'district', name: 'Huyện Kông Chro' },
    ]);
  });

  it('keeps communes of whose district nothing is known', () => {
    expect(shape([room('9', { parent: '630' }), room('8')])).toEqual([['others', '9', '8']]);
  });

  it('finds names without diacritics', () => {
    expect(searchKey('Huyện Chư Sê')).toBe('huyen chu se');
    expect(searchKey('Xã Đăk Tơ Ver')).toBe('xa dak to ver');
    expect(shape(THREE_ROOMS, ' yen do ')).toEqual([['622', '23557']]);
    expect(shape(THREE_ROOMS, 'nowhere')).toEqual([]);
  });

  it('shows only whom the filter names', () => {
    expect(shape(THREE_ROOMS, '', new Set(['64']))).toEqual([['province', '64']]);
  });

  it('loses nobody of a province', () => {
    const members = province();
    const groups = rosterGroups(byId(members));
    expect(groups).toHaveLength(19);
    expect(groups.flatMap((group) => group.members)).toHaveLength(members.length);
  });

  it('counts who is there and who asks', () => {
    const absent = room('5', { present: false });
    expect(groupCounts([...THREE_ROOMS, absent], new Map([['64', {}]]))).toEqual({
      total: 4,
      present: 3,
      asking: 1,
    });
  });
});
