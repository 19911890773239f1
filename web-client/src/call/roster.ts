// SPDX-License-Identifier: Apache-2.0
// The roster as people read it: province → districts → communes; those who came by a link apart.
import type { Member } from '../protocol/messages.gen';

export interface RosterGroup {
  /** Stable: a district's code, or `people`, `province`, `others`. */
  readonly key: string;
  readonly kind: 'people' | 'province' | 'district' | 'others';
  /** Of a district. */
  readonly name: string | null;
  readonly members: readonly Member[];
}

export interface GroupCounts {
  readonly total: number;
  readonly present: number;
  readonly asking: number;
}

export interface RosterFilter {
  readonly text: string;
  /** Show only these, if given. */
  readonly only: ReadonlySet<string> | null;
}

/** Lower case without diacritics: `Chư Sê` is found by `chu se`. */
export function searchKey(text: string): string {
  return text
    .normalize('NFD')
    .replace(/\p{Mn}/gu, '')
    .replace(/[đĐ]/g, 'd')
    .toLowerCase();
}

function fits(member: Member, wanted: string, only: ReadonlySet<string> | null): boolean {
  if (only && !only.has(member.id)) return false;
  return wanted === '' || searchKey(member.name).includes(wanted) || member.id === wanted;
}

/** Where a member stands: the key of its group. */
function groupKey(member: Member, districts: ReadonlyMap<string, string>): string {
  if (member.kind === 'person') return 'people';
  if (member.level === 'province') return 'province';
  if (member.level === 'district') return member.id;
  return member.parent !== undefined && districts.has(member.parent) ? member.parent : 'others';
}

/** Code → name of the districts in the meeting, and of those that only their communes are from. */
function districtNames(members: ReadonlyMap<string, Member>): ReadonlyMap<string, string> {
  const names = new Map<string, string>();
  for (const { id, name, level, parent, parent_name } of members.values()) {
    if (level === 'district') names.set(id, name);
    else if (level === 'commune' && parent !== undefined && parent_name !== undefined)
      names.set(parent, names.get(parent) ?? parent_name);
  }
  return names;
}

/** Groups in reading order, without empty ones; in a group its district first, then the roster's order. */
export function rosterGroups(
  members: ReadonlyMap<string, Member>,
  filter: RosterFilter = { text: '', only: null },
): readonly RosterGroup[] {
  const wanted = searchKey(filter.text.trim());
  const districts = districtNames(members);
  const byGroup = new Map<string, Member[]>(
    ['people', 'province', ...districts.keys(), 'others'].map((key) => [key, []]),
  );
  for (const member of members.values()) {
    if (!fits(member, wanted, filter.only)) continue;
    const group = byGroup.get(groupKey(member, districts));
    if (member.level === 'district') group?.unshift(member);
    else group?.push(member);
  }
  return [...byGroup].flatMap(([key, inside]): RosterGroup[] => {
    if (inside.length === 0) return [];
    const district = districts.get(key);
    if (district !== undefined) return [{ key, kind: 'district', name: district, members: inside }];
    return [{ key, kind: key as 'people' | 'province' | 'others', name: null, members: inside }];
  });
}

export function groupCounts(
  members: Iterable<Member>,
  asking: ReadonlyMap<string, unknown>,
): GroupCounts {
  const counts = { total: 0, present: 0, asking: 0 };
  for (const member of members) {
    counts.total += 1;
    if (member.present) counts.present += 1;
    if (asking.has(member.id)) counts.asking += 1;
  }
  return counts;
}
