/* eslint-disable @typescript-eslint/no-deprecated --
   Boards that are provisioned from files are classic JSON (schema 42, its last version), which every Grafana from 9 on reads;
   the SDK calls it deprecated in favour of the form that only Grafana 13's API takes. */
import { type Dashboard, DashboardBuilder } from '@grafana/grafana-foundation-sdk/dashboard';

export type ClassicBoard = Dashboard;

export const newBoard = (title: string): DashboardBuilder => new DashboardBuilder(title);
