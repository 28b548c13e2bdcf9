/** A look every minute: the ConfigMap is edited, and the channel hears of it; it is put right, and hears of that. */
export const scheduleScenes = {
  drift: {
    flags: ['--watch', '1m'],
    async play({ command, fault, until, open, picture, phone }) {
      await until(/Watched from now on/);
      await fault('cluster', 'cilium', 'not-rolled-out');
      await until(/^.*restart pending\nChanged since/, 150_000);
      await open();
      await picture('', { width: 1280, height: 1250 });
      await picture('-phone', { ...phone, height: 1200 });
      await fault('cluster', 'cilium', 'off');
      await until(/is healthy.*\nChanged since/, 150_000);
      await command('schedules');
      await until(/One schedule/);
      await open();
      await picture('-over', { width: 1280, height: 1250 });
    },
  },
};
